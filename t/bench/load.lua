-- wrk's script: wrk ... -s load.lua URL -- METHOD BODY_BYTES. Ends with one line of JSON that t/bench/lib reads.
function init(args)
  wrk.method = args[1]
  local bytes = tonumber(args[2])
  if bytes > 0 then
    wrk.body = string.rep("x", bytes)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds":%.6f,"requests":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.duration / 1e6, summary.requests, summary.bytes, errors.connect, errors.read, errors.write,
    errors.status, errors.timeout))
end
