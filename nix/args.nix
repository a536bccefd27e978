# Arguments by name, checked. Nix itself would only say that one is unexpected.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    ;

  # What the article's functions take and graft has no use for.
  gone = {
    targetPkgs = "packages of the target come from graft.lock";
    buildGoModuleOverrides = "say it in graft.yaml, or use build { target; format; }";
  };
in
# accept returns the arguments with their defaults, without those of the article that are
# ignored. required is a list of names.
function: required: defaults: args:
let
  ignored = [
    "vendorHash"
    "vendorSha256"
  ];
  known =
    defaults
    // builtins.listToAttrs (
      map (name: {
        inherit name;
        value = null;
      }) (required ++ ignored)
    );
  unknown = filter (name: !(known ? ${name})) (attrNames args);
  missing = filter (name: !(args ? ${name})) required;
  usable = concatStringsSep ", " (required ++ attrNames defaults);
  first = builtins.head unknown;
in
if unknown != [ ] then
  throw (
    "graft: ${function}: unknown argument ${concatStringsSep ", " unknown}"
    + (if gone ? ${first} then " (${gone.${first}})" else "; it takes ${usable}")
  )
else if missing != [ ] then
  throw "graft: ${function}: argument ${concatStringsSep ", " missing} is missing"
else
  defaults // removeAttrs args ignored
