# Files of graft.lock as fixed-output derivations: Nix fetches them, checks their SHA-256 and
# keeps them, in its own sandbox or from a substituter. `graft fetch --nix` puts the same files
# into the store under the same names, so for a private module Nix asks nobody.
let
  inherit (builtins)
    elemAt
    match
    replaceStrings
    stringLength
    substring
    ;
  snapshot = import ./snapshot.nix;

  # storeName makes a path a name that the store takes. graft fetch --nix has the same rule:
  # without it the files it adds are not found.
  storeName =
    path:
    let
      plain = replaceStrings [ "/" "~" "!" "@" "%" ":" " " ] [ "-" "-" "-" "-" "-" "-" "-" ] path;
      over = stringLength plain - 200;
    in
    if over > 0 then substring over 200 plain else plain;

  lastElement = path: elemAt (match "(.*/)?([^/]*)" path) 1;
  hex = digest: replaceStrings [ "sha256:" ] [ "" ] digest;
  trim = base: elemAt (match "(.*[^/])/*" base) 0;

  file =
    url: sha256: path:
    import <nix/fetchurl.nix> {
      inherit url;
      sha256 = hex sha256;
      name = storeName path;
    };

  # kind is the name in `mirrors` of the archive that a lock's repository belongs to.
  kind =
    repository:
    let
      distribution = elemAt (match "([^-]*).*" repository.name) 0;
      security = match ".*-security" repository.suite != null;
    in
    if distribution == "debian" && security then "debian-security" else distribution;

  # The first of them is where a file comes from when the lock names no place, as for MSYS2
  # packages that were locked from a folder of one's own.
  official = {
    debian = "https://ftp.debian.org/debian";
    debian-security = "https://security.debian.org/debian-security";
    msys2 = "https://repo.msys2.org";
    npm = "https://registry.yarnpkg.com";
    zig = "https://ziglang.org/download";
  };
in
{
  inherit storeName;

  goproxy = "https://goproxy.io";

  # mirrorNames are the attributes that `mirrors` may have.
  mirrorNames = builtins.attrNames official;

  # module fetches a record of the lock's moduleFiles.
  module =
    goproxy:
    { path, sha256, ... }:
    file "${trim goproxy}/${path}" sha256 path;

  # package fetches a record of the lock's packages.
  package =
    mirrors: repository: record:
    let
      archive = kind repository;
      stated = repository.base or "";
      base =
        if mirrors ? ${archive} then
          if mirrors.${archive} == "snapshot" then snapshot.base archive repository else mirrors.${archive}
        else if stated != "" then
          stated
        else
          official.${archive}
            or (throw "graft: nothing says where packages of ${repository.name} are: give mirrors.${archive}");
    in
    file "${trim base}/${record.path}" record.sha256 (lastElement record.path);

  # zig fetches what zig of a release (internal/toolchain/zig.json) is made of for one host:
  # npm packages where it has them, which registries keep near, else zig's own archive.
  zig =
    mirrors: release: host:
    let
      at = name: trim (mirrors.${name} or official.${name});
      fromNpm = p: file "${at "npm"}/${p.name}/-/${p.file}" p.sha256 p.file;
      archive = host.archive;
    in
    if (host.packages or [ ]) != [ ] then
      map fromNpm host.packages
    else
      [ (file "${at "zig"}/${release.version}/${archive.name}" archive.sha256 archive.name) ];
}
