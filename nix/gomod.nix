# The module path that a go.mod states, read while Nix evaluates: nothing is built for it.
#
# A go.mod is lines of words. A word is bare, "quoted" or `raw quoted`, and // begins a
# comment. The path stands behind "module", on its line or in a block of parentheses.
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    fromJSON
    head
    isString
    length
    match
    replaceStrings
    split
    ;

  lines = text: filter isString (split "\n" (replaceStrings [ "\r" ] [ "" ] text));

  # word takes the first word of a line: { word; rest; }, or null at its end.
  word =
    line:
    let
      is = pattern: match pattern line;
      raw = is "[ \t]*`([^`]*)`(.*)";
      quoted = is "[ \t]*(\"([^\"\\\\]|\\\\.)*\")(.*)";
      paren = is "[ \t]*([()])(.*)";
      # A slash belongs to a bare word unless a second one follows.
      bare = is "[ \t]*(([^][ \t\"`()/{},]|/[^][ \t\"`()/{},])+)(.*)";
      comment = is "[ \t]*(//.*)?" != null;
      found = m: text: rest: {
        word = text;
        rest = elemAt m rest;
      };
    in
    if comment then
      null
    else if raw != null then
      found raw (head raw) 1
    else if quoted != null then
      found quoted (fromJSON (head quoted)) 2
    else if paren != null then
      found paren (head paren) 1
    else if bare != null then
      found bare (head bare) 2
    else
      null;

  words =
    line:
    let
      first = word line;
    in
    if first == null then [ ] else [ first.word ] ++ words first.rest;

  # step reads one line. state.block is the directive whose block is open, "" outside.
  step =
    state: line:
    let
      w = words line;
      first = head w;
      opens = length w > 1 && elemAt w 1 == "(";
    in
    if state.path != null || w == [ ] then
      state
    else if state.block != "" then
      if first == ")" then
        state // { block = ""; }
      else if state.block == "module" then
        state // { path = first; }
      else
        state
    else if opens then
      state // { block = first; }
    else if first == "module" && length w > 1 then
      state // { path = elemAt w 1; }
    else
      state;
in
# modulePath returns the path that the text of a go.mod states, null where it states none.
text:
(foldl' step {
  block = "";
  path = null;
} (lines text)).path
