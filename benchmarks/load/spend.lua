-- Spends one code after the other of the file LOAD_TOKENS, each once: a run that comes to the end of
-- the file fails.
dofile(os.getenv("LOAD_REPORT"))

local prefix = os.getenv("LOAD_BODY") .. "&code="
local headers = {}
for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  headers[name] = value
end

local next_code = io.lines(os.getenv("LOAD_TOKENS"))

function request()
  return wrk.format("POST", nil, headers, prefix .. (next_code() or "none-is-left"))
end
