-- Visitors of the Virtual Office: each waits a while, then asks for something of their own.
-- wrk counts the time from sending a request to its whole answer; the waiting isn't counted.

local town = dofile(os.getenv("BUSTIA_BENCH_TOWN"))
local threads = {}
local count = 0

function setup(thread)
  count = count + 1
  thread:set("seed", count)
  table.insert(threads, thread)
end

function init(_)
  math.randomseed(seed * 7919)
  unexpected, signed_in, documents, asked = 0, 0, 0, 0
end

local function visitor()
  return town.visitors[math.random(#town.visitors)]
end

function request()
  asked = asked + 1
  local throw = math.random()
  for _, share in ipairs(town.mix) do
    if throw < share.upto then
      local one = visitor()
      if share.what == "sign-in" then
        signed_in = signed_in + 1
        return wrk.format("POST", "/entrar/", {
          ["Cookie"] = town.csrf_cookie,
          ["Content-Type"] = "application/x-www-form-urlencoded",
        }, town.csrf_field .. "&login=" .. one.email .. "&password=" .. town.password)
      end
      if share.what == "document" then documents = documents + 1 end
      return wrk.format("GET", one.paths[share.what], { ["Cookie"] = one.cookie })
    end
  end
end

function delay()
  return math.floor(-math.log(1 - math.random()) * town.wait_milliseconds)
end

function response(status, _, _)
  if status ~= 200 and status ~= 302 then unexpected = unexpected + 1 end
end

function done(summary, latency, _)
  local sum = { unexpected = 0, signed_in = 0, documents = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do sum[name] = sum[name] + (thread:get(name) or 0) end
  end
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.3f, "bytes": %d, "errors": %d, "unexpected": %d,'
      .. ' "sign_ins": %d, "documents": %d, "p50": %.2f, "p95": %.2f, "p99": %.2f, "max": %.2f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    sum.unexpected, sum.signed_in, sum.documents,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000
  ))
end
