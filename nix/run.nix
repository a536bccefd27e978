# A derivation that graft itself builds: no shell, no stdenv. The plan is what graft nix-builder
# does, as JSON in a file; store paths in it are inputs of the derivation.
{
  graft,
  system,
  name,
  plan,
}:
derivation {
  inherit name system;
  builder = "${graft}/bin/graft";
  args = [ "nix-builder" ];
  passAsFile = [ "plan" ];
  plan = builtins.toJSON plan;
}
