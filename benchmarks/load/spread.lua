-- Spends one token after the other of the file LOAD_TOKENS, round and round: a load that touches
-- the whole of a table. With LOAD_BODY the token is added to the form, else it is the bearer's.
dofile(os.getenv("LOAD_REPORT"))

local body = os.getenv("LOAD_BODY")
local headers = {}
for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  headers[name] = value
end

local pool, position = {}, 0
for line in io.lines(os.getenv("LOAD_TOKENS")) do
  pool[#pool + 1] = line
end

function request()
  position = position % #pool + 1
  local token = pool[position]
  if body then
    return wrk.format("POST", nil, headers, body .. "&token=" .. token)
  end
  headers["Authorization"] = "Bearer " .. token
  return wrk.format("GET", nil, headers)
end
