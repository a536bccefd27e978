{
  description = "An application with a plugin, for several systems";

  inputs.graft.url = "github:graft-build/graft";

  outputs =
    { self, graft }:
    let
      lib = graft.lib.forApp {
        pname = "hello";
        src = "${self}/app";
        plugins = [ "${self}/plugin" ];
      };
    in
    { inherit lib; } # for the flakes of other plugins: hello.lib.buildApp { plugins = [ self ]; … }
    // lib.forSystems (system: {
      default = lib.buildApp { inherit system; };
      rpi4deb = lib.crossBuildRPi4Deb { inherit system; };
      win64 = lib.crossBuildWin64App { inherit system; };
      image = lib.containerImage { inherit system; };
    });
}
