# Debian's mirrors drop a package when a newer one replaces it; snapshot.debian.org keeps all.
# This gives the service's address of the archive that a lock's record of a repository names.
let
  inherit (builtins)
    elemAt
    fromJSON
    map
    match
    toString
    ;

  remainder = a: b: a - b * (a / b);
  two = n: if n < 10 then "0${toString n}" else toString n;
  # number reads "08", which is no JSON.
  number = s: fromJSON (elemAt (match "0*([0-9]+)" s) 0);

  leap = y: remainder y 4 == 0 && (remainder y 100 != 0 || remainder y 400 == 0);
  days =
    y: m:
    if m == 2 then
      if leap y then 29 else 28
    else if m == 4 || m == 6 || m == 9 || m == 11 then
      30
    else
      31;

  # nextDay of "2025-12-31T10:12:33Z" is "20260101T101233Z".
  nextDay =
    date:
    let
      m = match "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z" date;
      at = i: number (elemAt m i);
      year = at 0;
      month = at 1;
      day = at 2;
      last = day >= days year month;
      next = {
        day = if last then 1 else day + 1;
        month = if !last then month else if month == 12 then 1 else month + 1;
        year = if last && month == 12 then year + 1 else year;
      };
      time = elemAt m 3 + elemAt m 4 + elemAt m 5;
    in
    if m == null then
      throw "graft: snapshot.debian.org is asked by time, and the lock's date of the repository is ${date}"
    else
      "${toString next.year}${two next.month}${two next.day}T${time}Z";
in
{
  inherit nextDay;

  # base takes a record of the lock's repositories. The service looks for the last state before
  # a time, and a Release file is dated somewhat before it is published: so the next day.
  base =
    archive: repository: "https://snapshot.debian.org/archive/${archive}/${nextDay repository.date}";
}
