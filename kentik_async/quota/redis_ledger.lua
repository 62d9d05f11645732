-- The ledger in Redis: what was used, and what is in flight.
--
-- First part of one script; the others are redis_congestion.lua, redis_ends.lua and redis_step.lua. It decides
-- what ledger.py, congestion.py, freeze.py and pace.py decide within one process, on the same numbers. KEYS: the state, the log. ARGV: the limits, the step, both
-- MessagePack. The state is one small value; the log is a ring of packed stamps that is read and written in
-- place, so that a step costs the same however much was used. Instants are microseconds of the ledger's
-- clock: the server's TIME, set forward wherever that would run backwards. A limit of 0 is none.

local STATE, LOG = KEYS[1], KEYS[2]
local limits, step = cmsgpack.unpack(ARGV[1]), cmsgpack.unpack(ARGV[2])
local TIME = redis.call('TIME')
local clock = tonumber(TIME[1]) * 1000000 + tonumber(TIME[2])
local ENTRY = '<dH' -- when a token was used, and how long before that its request was sent
local WIDTH = 10
local TICK = limits.minute / 60000
local me = step.process
local s, now, flying, mine

-- The log ----------------------------------------------------------------------------------------------

local function entry(back) -- the youngest is 1 back
  local at = ((s.used - back) % s.size) * WIDTH
  local stamp, ticks = struct.unpack(ENTRY, redis.call('GETRANGE', LOG, at, at + WIDTH - 1))
  return stamp, stamp - ticks * TICK
end

local function use(stamp, took)
  s.youngest = math.max(stamp, s.youngest)
  if s.size > 0 then
    local ticks = math.max(math.min(math.floor(took / TICK), 65535), 0)
    redis.call('SETRANGE', LOG, (s.used % s.size) * WIDTH, struct.pack(ENTRY, s.youngest, ticks))
  end
  s.used = s.used + 1
  return s.youngest
end

local function read_all() -- oldest first, as {stamp, how long before that it was sent}
  local raw, all = s.size > 0 and redis.call('GET', LOG) or '', {}
  for back = math.min(s.used, s.size), 1, -1 do
    local stamp, ticks = struct.unpack(ENTRY, raw, ((s.used - back) % s.size) * WIDTH + 1)
    all[#all + 1] = {stamp, ticks}
  end
  return all
end

local function write_all(all, size)
  local first, packed = math.max(#all - size + 1, 1), {}
  for place = first, #all do packed[#packed + 1] = struct.pack(ENTRY, all[place][1], all[place][2]) end
  s.size, s.used = size, #packed
  s.youngest = #all > 0 and all[#all][1] or 0
  redis.call('DEL', LOG)
  if size > 0 then
    redis.call('SET', LOG, table.concat(packed) .. string.rep('\0', (size - #packed) * WIDTH))
  end
end

-- The processes ----------------------------------------------------------------------------------------

local function leave_queue(name)
  for place, other in ipairs(s.queue) do
    if other == name then
      table.remove(s.queue, place)
      return
    end
  end
end

local function want(name, count)
  local process = s.processes[name]
  if count > 0 and process.want <= 0 then table.insert(s.queue, name) end
  if count <= 0 and process.want > 0 then leave_queue(name) end
  process.want = math.max(count, 0)
end

local function tell(name, message) -- returns whether anyone heard it
  return redis.call('PUBLISH', limits.channel .. ':' .. name, cmsgpack.pack(message)) > 0
end

local function drain(hold, from)
  local place = 1
  while s.draining[place] and s.draining[place].till <= from + limits.drain do place = place + 1 end
  table.insert(s.draining, place, {id = hold.id, epoch = hold.epoch, till = from + limits.drain})
  if hold.epoch == s.epoch then s.probing = false end
end

local function retire(name, from) -- what it had in flight may go on working at the server
  local process = s.processes[name]
  for _, hold in ipairs(process.holds) do drain(hold, from) end
  leave_queue(name)
  s.processes[name] = nil
end

local function age()
  for name, process in pairs(s.processes) do
    if process.lease <= now then retire(name, process.lease) end
  end
  while s.draining[1] and s.draining[1].till <= now do
    use(table.remove(s.draining, 1).till, limits.drain)
  end
end

local function courteous()
  local pacing = limits.pacing
  for _, process in pairs(s.processes) do pacing = math.max(pacing, process.pacing) end
  if pacing ~= 1 then return pacing == 2 end
  return s.latency >= 0 and limits.courtesy >= 0 and s.latency >= limits.courtesy
end
