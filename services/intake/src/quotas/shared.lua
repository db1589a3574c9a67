-- KEYS: buckets. ARGV: for each of them microseconds a token, tokens of a full bucket, tokens taken.
-- A bucket is the instant at which it is full again, by this server's clock. Answers microseconds to wait, 0 for none.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local waits = {}
for n, key in ipairs(KEYS) do
  local one, burst, taken = tonumber(ARGV[3 * n - 2]), tonumber(ARGV[3 * n - 1]), tonumber(ARGV[3 * n])
  local full_at = math.max(tonumber(redis.call('GET', key) or 0) or 0, now) + taken * one
  -- Nobody owes more than one bucket, whatever was taken or became of the clock.
  full_at = math.min(full_at, now + 2 * burst * one)
  redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
  waits[n] = math.max(0, full_at + one - now - burst * one)
end
return waits
