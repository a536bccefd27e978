{
  description = "The main application, for its plugins' flakes to build with";

  inputs.graft.url = "path:../../.."; # elsewhere: github:graft-build/graft

  outputs =
    { self, graft }:
    let
      lib = graft.lib.forApp {
        pname = "mainapp";
        src = "${graft}/examples/mainapp"; # in a repository of its own: src = ./.;
        lock = ./graft.lock; # and then this is found in src
      };
    in
    { inherit lib; }
    // lib.forSystems (system: {
      default = lib.buildApp { inherit system; plugins = [ ]; };
    });
}
