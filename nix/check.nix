# Tests of the functions that are pure: graft itself when all hold, else an error that names
# those that do not.
graft:
let
  modulePath = import ./gomod.nix;
  inherit (import ./snapshot.nix) nextDay;
  inherit (import ./fetch.nix) storeName;

  cases = {
    plain = modulePath "module example.com/a\n\ngo 1.26\n" == "example.com/a";
    slash = modulePath "module a/b/c//comment" == "a/b/c";
    quoted = modulePath "module \"example.com/\\u0061\" // x" == "example.com/a";
    raw = modulePath "module `example.com/a`" == "example.com/a";
    tabs = modulePath "\tmodule\texample.com/a\t\n" == "example.com/a";
    crlf = modulePath "// c\r\nmodule example.com/a\r\n\r\ngo 1.26\r\n" == "example.com/a";
    commentBefore = modulePath "// module example.com/no\nmodule example.com/a" == "example.com/a";
    deprecated = modulePath "// Deprecated: use \"b\".\nmodule example.com/a // was module b" == "example.com/a";
    block = modulePath "module (\n\t// here\n\texample.com/a // it is\n)\n" == "example.com/a";
    blockTight = modulePath "module(\n\"example.com/a\"\n)" == "example.com/a";
    afterBlock = modulePath "require (\n\tmodule v1.0.0\n)\nmodule example.com/a" == "example.com/a";
    otherWord = modulePath "modules example.com/no\nmodule example.com/a" == "example.com/a";
    none = modulePath "go 1.26\n" == null;
    empty = modulePath "" == null;
    day = nextDay "2025-09-06T10:12:33Z" == "20250907T101233Z";
    month = nextDay "2025-08-31T00:00:08Z" == "20250901T000008Z";
    year = nextDay "2025-12-31T23:59:59Z" == "20260101T235959Z";
    leap = nextDay "2024-02-28T09:08:07Z" == "20240229T090807Z";
    noLeap = nextDay "2100-02-28T09:08:07Z" == "21000301T090807Z";
    leap400 = nextDay "2000-02-29T09:08:07Z" == "20000301T090807Z";
    name = storeName "github.com/!burnt!sushi/toml/@v/v1.0.0.zip" == "github.com--burnt-sushi-toml--v-v1.0.0.zip";
    longName =
      builtins.stringLength (storeName (builtins.concatStringsSep "/" (builtins.genList (_: "0123456789") 30))) == 200;
  };
  failed = builtins.filter (name: !cases.${name}) (builtins.attrNames cases);
in
if failed == [ ] then
  graft
else
  throw "nix/check.nix: wrong: ${builtins.concatStringsSep ", " failed}"
