-- Repeats one request, given by the environment: LOAD_METHOD, LOAD_BODY, LOAD_HEADERS (one a line).
dofile(os.getenv("LOAD_REPORT"))

wrk.method = os.getenv("LOAD_METHOD")
wrk.body = os.getenv("LOAD_BODY")
for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  wrk.headers[name] = value
end
