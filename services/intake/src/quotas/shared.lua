-- KEYS: buckets. ARGV: for each of them microseconds a token, tokens of a full bucket, tokens taken.
-- A bucket is the instant at which it is full again, by this server's clock. Answers microseconds to wait, 0 for none.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- Whatever somebody else has put there counts as a full bucket.
local function full_at(key)
  local kept = redis.pcall('GET', key)
  local value = type(kept) == 'string' and tonumber(kept) or 0
  if value ~= value then return now end
  return math.max(value, now)
end

local waits = {}
for n, key in ipairs(KEYS) do
  local one, burst, taken = tonumber(ARGV[3 * n - 2]), tonumber(ARGV[3 * n - 1]), tonumber(ARGV[3 * n])
  -- Nobody owes more than one bucket, whatever was taken or became of the clock.
  local full = math.min(full_at(key) + taken * one, now + 2 * burst * one)
  redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
  waits[n] = math.max(0, full + one - now - burst * one)
end
return waits
