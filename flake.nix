{
  description = "Builds Go applications with plugins for other systems and packages them";

  # Of nixpkgs, graft takes the go that compiles graft; nothing else that it builds depends on it.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = builtins.filter (s: nixpkgs.legacyPackages ? ${s}) (builtins.attrNames (import ./nix/systems.nix));
      each = f: builtins.listToAttrs (map (name: { inherit name; value = f name nixpkgs.legacyPackages.${name}; }) systems);
      graft = system: go: import ./nix/bootstrap { inherit system go; source = ./.; };
    in
    {
      lib = import ./nix {
        inherit systems;
        source = ./.;
        graftFor = system: self.packages.${system}.graft;
      };

      packages = each (system: pkgs: rec {
        default = graft;
        graft = import ./nix/bootstrap { inherit system; inherit (pkgs) go; source = ./.; };
      });

      apps = each (system: _: rec {
        default = graft;
        graft = {
          type = "app";
          program = "${self.packages.${system}.graft}/bin/graft";
        };
      });

      overlays.default = final: _: {
        graft = graft final.stdenv.hostPlatform.system final.go;
      };

      templates.default = {
        path = ./nix/template;
        description = "A Go application and a plugin for it, built by graft";
      };

      checks = each (system: _: {
        inherit (self.packages.${system}) graft;
        lib = import ./nix/check.nix self.packages.${system}.graft;
      });

      devShells = each (_: pkgs: if pkgs ? mkShellNoCC then { default = pkgs.mkShellNoCC { packages = [ pkgs.go ]; }; } else { });

    }
    // {
      formatter = builtins.foldl' (all: s: all // (let p = nixpkgs.legacyPackages.${s}; in if p ? nixfmt-tree then { ${s} = p.nixfmt-tree; } else { })) { } systems;
    };
}
