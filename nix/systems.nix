# Systems that Nix runs on, as graft calls them.
{
  x86_64-linux = {
    go = "linux-amd64"; # of Go's toolchain
    zig = "linux/amd64"; # of zig
    target = "linux/amd64"; # what buildApp builds for
    image = "linux/amd64"; # what containerImage builds for: images hold Linux
  };
  aarch64-linux = {
    go = "linux-arm64";
    zig = "linux/arm64";
    target = "linux/arm64";
    image = "linux/arm64";
  };
  x86_64-darwin = {
    go = "darwin-amd64";
    zig = "darwin/amd64";
    target = "darwin/amd64";
    image = "linux/amd64";
  };
  aarch64-darwin = {
    go = "darwin-arm64";
    zig = "darwin/arm64";
    target = "darwin/arm64";
    image = "linux/arm64";
  };
}
