-- Commit a new state of a quota if the stored version is still the one that the new state was made from.
--
-- KEYS[1]: a hash with the fields below. ARGV: the version that the new state was made from, empty if there
-- was none; the new version; its run, shift and state; the milliseconds until it expires; then channels and
-- messages to publish, alternating.
-- Returns the server's time in seconds and microseconds, and its run. If the version or the run differs, it
-- also returns the stored fields, and changes nothing.

local time = redis.call('TIME')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local held = redis.call('HMGET', KEYS[1], 'version', 'run', 'shift', 'state')
if ARGV[1] ~= (held[1] or '') or ARGV[3] ~= run then
  return {time[1], time[2], run, held}
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'run', run, 'shift', ARGV[4], 'state', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
for place = 7, #ARGV, 2 do
  redis.call('PUBLISH', ARGV[place], ARGV[place + 1])
end
return {time[1], time[2], run}
