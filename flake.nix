{
  description = "Builds Go applications with plugins for other systems and packages them";

  # Of nixpkgs graft takes the go that compiles graft; nothing else that it builds depends on it.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) legacyPackages;
      known = builtins.attrNames (import ./nix/systems.nix);
      systems = builtins.filter (s: legacyPackages ? ${s}) known;
      eachOf =
        names: f:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = f name legacyPackages.${name};
          }) names
        );
      each = eachOf systems;
      # Where nixpkgs has a package.
      having = package: eachOf (builtins.filter (s: legacyPackages.${s} ? ${package}) systems);
      bootstrap = system: go: import ./nix/bootstrap { inherit system go; source = ./.; };
    in
    {
      lib = import ./nix {
        inherit systems;
        source = ./.;
        graftFor =
          system:
          (self.packages.${system}
            or (throw "graft: there is no system ${system}; there are ${toString systems}")
          ).graft;
      };

      # default is for people and has a go; graft alone is what builds everything else.
      packages = each (
        system: pkgs: rec {
          default = graft.withGo;
          graft = bootstrap system pkgs.go;
        }
      );

      apps = each (system: _: rec {
        default = graft;
        graft = {
          type = "app";
          program = "${self.packages.${system}.default}/bin/graft";
        };
      });

      overlays.default = final: _: {
        graft = (bootstrap final.stdenv.hostPlatform.system final.go).withGo;
      };

      templates.default = {
        path = ./nix/template;
        description = "A Go application and a plugin for it, built by graft";
      };

      checks = each (system: _: {
        inherit (self.packages.${system}) graft;
        lib = import ./nix/check.nix self.packages.${system}.graft;
      });

      devShells = having "mkShellNoCC" (_: pkgs: { default = pkgs.mkShellNoCC { packages = [ pkgs.go ]; }; });

      formatter = having "nixfmt-tree" (_: pkgs: pkgs.nixfmt-tree);
    };
}
