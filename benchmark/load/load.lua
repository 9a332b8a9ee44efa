-- wrk's half of a load: arguments after -- are the file with the body, the file with one token a line (may be empty),
-- the prefix of unique words, then further headers as "name: value".
local body, tokens, prefix, headers, number, varies

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(arguments)
  body, prefix, tokens, headers, number = read(arguments[1]), arguments[3], {}, {}, 0
  for token in read(arguments[2]):gmatch("[^\n]+") do
    tokens[#tokens + 1] = "Bearer " .. token
  end
  for index = 4, #arguments do
    local name, value = arguments[index]:match("^(.-): (.*)$")
    headers[name] = value
  end
  headers["content-type"] = "application/json"
  varies = body:find("%UNIQUE%", 1, true) ~= nil
end

function request()
  number = number + 1
  if #tokens > 0 then
    headers["authorization"] = tokens[number % #tokens + 1]
  end
  local text = varies and body:gsub("%%UNIQUE%%", prefix .. number) or body
  return wrk.format("POST", nil, headers, text)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "refusals": %d, "broken": %d, "seconds": %.6f, "p50_s": %.6f, "p99_s": %.6f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
