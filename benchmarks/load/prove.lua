-- Repeats one request with a DPoP proof of its own each time: the file LOAD_TOKENS holds them, one a
-- line. A proof is good once, so a run that comes to the end of the file fails.
dofile(os.getenv("LOAD_REPORT"))

local body = os.getenv("LOAD_BODY")
local headers = {}
for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  headers[name] = value
end

local next_proof = io.lines(os.getenv("LOAD_TOKENS"))

function request()
  headers["DPoP"] = next_proof() or "none is left"
  return wrk.format("POST", nil, headers, body)
end
