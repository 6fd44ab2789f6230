-- Ends a run: one JSON line that harness.py reads. Every script of this folder loads it.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"p50":%.6f,"p99":%.6f,"max":%.6f,"refused":%d,"failed":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
