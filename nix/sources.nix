# What users name as the source of an application or a plugin, made one shape:
#
#   { dir; readable; }   a folder, as a string that Nix tracks; readable when it exists before
#                        anything is built, so that evaluation may look into it
#   { module; }          "module@version", which graft takes from the lock's module files
let
  inherit (builtins)
    all
    attrValues
    baseNameOf
    dirOf
    getContext
    isAttrs
    isPath
    isString
    match
    pathExists
    toString
    ;

  # What lies beside sources in a flake and would only make Nix build again.
  wanted =
    root: path: _:
    let
      name = baseNameOf path;
    in
    !(
      toString (dirOf path) == toString root
      && (name == "flake.nix" || name == "flake.lock" || name == ".git" || match "result.*" name != null)
    );

  copied =
    path:
    builtins.path {
      name = "source";
      inherit path;
      filter = wanted path;
    };

  # readable says whether a string leads to files that are there without a build: looking into
  # anything else would be an import from a derivation.
  readable = dir: all (c: !(c ? outputs) && !(c.allOutputs or false)) (attrValues (getContext dir));

  folder = dir: {
    inherit dir;
    readable = readable dir;
  };

  isDerivation = value: (value.type or "") == "derivation";
in
{
  # read takes the source, and who names it for the error.
  read =
    who: value:
    if isPath value then
      folder "${copied value}"
    else if isString value && match "/.*" value != null then
      folder value
    else if isString value && match "[^@ ]+@[^@ ]+" value != null then
      { module = value; }
    else if isAttrs value && isDerivation value && value ? goPlugin then
      folder "${value}/src" # as the article's plugin packages have it
    else if isAttrs value && value ? outPath then
      folder "${value}" # a flake, or a derivation that is a source
    else
      throw "graft: ${who}: want a flake, a path, or \"module@version\"";

  # check gives the folder of a source, or says why it can't be one.
  check =
    who: source:
    if
      !source.readable
      || pathExists (source.dir + "/go.mod")
      || pathExists (source.dir + "/graft.yaml")
    then
      source.dir
    else
      throw (
        "graft: ${who}: neither go.mod nor graft.yaml in ${source.dir}. When its flake.nix lies in "
        + "a subfolder, give ./. instead of self: old versions of Nix leave the subfolder out of self"
      );
}
