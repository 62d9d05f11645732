-- Commit a new state of a quota if the present one is that which it was made from; tell the server's time.
--
-- KEYS[1]: a hash with the fields below. ARGV: the version that the new state was made from, empty if there
-- was none; the new version; format, run, shift and state, which go with it; for how many milliseconds to
-- keep it; then channels and messages, in turns, for those who are to know.
-- Returns the time in seconds and microseconds; and, if the version is another, what is there instead.

local time = redis.call('TIME')
local held = redis.call('HMGET', KEYS[1], 'version', 'format', 'run', 'shift', 'state')
if ARGV[1] ~= (held[1] or '') then
  return {time[1], time[2], held}
end
redis.call('HSET', KEYS[1],
  'version', ARGV[2], 'format', ARGV[3], 'run', ARGV[4], 'shift', ARGV[5], 'state', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
for place = 8, #ARGV, 2 do
  redis.call('PUBLISH', ARGV[place], ARGV[place + 1])
end
return {time[1], time[2]}
