import greet from "k6/x/greet";

export const options = { vus: 1, iterations: 2 };

export default function () {
  console.log(greet.greet("user " + __ITER));
}
