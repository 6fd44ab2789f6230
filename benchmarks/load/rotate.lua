-- The refresh_token grant: each answer carries the refresh token of a later request.
--
-- The pool has more tokens than there are connections, so that a token is used once and never
-- while its successor is still on the way. LOAD_TOKENS names a file of them, one a line; at the
-- end the unused ones are written back, so that the next run goes on where this one stopped.
dofile(os.getenv("LOAD_REPORT"))
local report = done

local tokens_file = os.getenv("LOAD_TOKENS")
local prefix = os.getenv("LOAD_BODY") .. "&refresh_token="
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
local running

function setup(thread)
  running = thread
end

function init()
  pool, first, last = {}, 1, 0
  for line in io.lines(tokens_file) do
    last = last + 1
    pool[last] = line
  end
end

-- wrk calls request() once to look at it, without sending it: that one gives its token back.
local looked_at = false

function request()
  local token = pool[first]
  if looked_at then
    pool[first] = nil
    first = first + 1
  end
  looked_at = true
  return wrk.format("POST", nil, headers, prefix .. token)
end

function response(status, _, body)
  local token = body:match('"refresh_token":%s*"([^"]+)"')
  if status == 200 and token then
    last = last + 1
    pool[last] = token
  end
end

function done(summary, latency, requests)
  local pool, first, last = running:get("pool"), running:get("first"), running:get("last")
  local file = io.open(tokens_file, "w")
  for index = first, last do
    file:write(pool[index], "\n")
  end
  file:close()
  report(summary, latency, requests)
end
