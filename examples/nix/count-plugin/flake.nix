{
  description = "A plugin that counts, and the image server with it";

  inputs.graft.url = "path:../../.."; # elsewhere: not needed
  inputs.image-server.url = "path:../image-server";
  inputs.image-server.inputs.graft.follows = "graft";

  outputs =
    { self, image-server, graft }:
    image-server.lib.forSystems (
      system:
      let
        plugins = [ "${graft}/examples/count-plugin" ]; # in a repository of its own: [ self ]
        args = { inherit system plugins; lock = ./graft.lock; }; # and then this is found in self
      in
      {
        default = image-server.lib.buildApp args;
        rpi4deb = image-server.lib.crossBuildRPi4Deb args;
        win64 = image-server.lib.crossBuildWin64App args;
        image = image-server.lib.containerImage args;
      }
    );
}
