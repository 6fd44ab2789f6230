-- Repeats one authorization request; adds the codes of the answers to the file LOAD_TOKENS.
dofile(os.getenv("LOAD_REPORT"))
local report = done

for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  wrk.headers[name] = value
end

local running

function setup(thread)
  running = thread
end

function init()
  codes = {}
end

function response(_, headers)
  for name, value in pairs(headers) do
    if name:lower() == "location" then
      codes[#codes + 1] = value:match("[?&]code=([^&]+)")
    end
  end
end

function done(summary, latency, requests)
  local file = io.open(os.getenv("LOAD_TOKENS"), "a")
  for _, code in ipairs(running:get("codes")) do
    file:write(code, "\n")
  end
  file:close()
  report(summary, latency, requests)
end
