{
  description = "A plugin, and the main application with it";

  inputs.graft.url = "path:../../.."; # elsewhere: not needed
  inputs.mainapp.url = "path:../mainapp";
  inputs.mainapp.inputs.graft.follows = "graft";

  outputs =
    { self, mainapp, graft }:
    mainapp.lib.forSystems (system: {
      default = mainapp.lib.buildApp {
        inherit system;
        plugins = [ "${graft}/examples/simple-plugin" ]; # in a repository of its own: [ self ]
        lock = ./graft.lock; # and then this is found in self
      };
    });
}
