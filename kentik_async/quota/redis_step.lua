-- One step of one process: age the ledger, enter what the process reports, grant to those whose turn it is.
--
-- Last part of one script, after redis_ends.lua; it returns the reply, MessagePack. Every part of a step
-- may be repeated, so that a process whose connection broke sends it again: endings name their grants, the
-- wish for turns is a count and no increment, and grants are listed until the process has seen them.

-- Whose turn it is -------------------------------------------------------------------------------------

local function count_flying()
  flying = #s.draining
  for _, process in pairs(s.processes) do flying = flying + #process.holds end
end

local function free_at(windows)
  local ended = s.draining[1] and s.draining[1].till or math.huge
  if s.frozen and s.probing then return math.huge end
  local free = math.max(now, s.gate, s.hold, s.frozen and s.till or 0)
  if limits.slots > 0 and flying >= limits.slots then return math.max(free, ended) end
  for _, window in ipairs(windows) do
    -- Each request in flight holds a token whose age has not begun.
    local spare = window[1] - flying
    if spare <= 0 then return math.max(free, ended) end
    if s.used >= spare then free = math.max(free, (entry(spare)) + window[2]) end
  end
  return free
end

local function grant(name)
  local process = s.processes[name]
  local id = s.issued + 1
  local message = {kind = 'grant', generation = s.generation, birth = process.birth, id = id, at = now}
  if name ~= me and not tell(name, message) then
    want(name, 0)
    return
  end
  s.issued = id
  table.insert(process.holds, {id = id, at = now, epoch = s.epoch})
  flying = flying + 1
  s.probing = s.frozen
  table.remove(s.queue, 1)
  process.want = process.want - 1
  if process.want > 0 then table.insert(s.queue, name) end
  s.told = ''
end

-- Returns the instant at which the caller should step again because its turn comes then, or infinity.
local function pump()
  local minute = limits.hard
  if courteous() and limits.soft > 0 and (minute == 0 or limits.soft < minute) then minute = limits.soft end
  local windows = {}
  if minute > 0 then table.insert(windows, {math.max(minute - others(), 1), limits.minute}) end
  if limits.hourly > 0 then table.insert(windows, {limits.hourly, limits.hour}) end
  count_flying()
  while s.queue[1] do
    local head, free = s.queue[1], free_at(windows)
    local when = math.min(free, eases_at())
    if free <= now then
      grant(head)
    elseif when == math.huge or (head ~= me and s.told == head and s.told_at == when) then
      return math.huge
    elseif head == me or tell(head, {kind = 'turn', wait = math.ceil(when - now)}) then
      s.told, s.told_at = head, when
      return head == me and when or math.huge
    else
      want(head, 0)
    end
  end
  return math.huge
end

-- A ledger that is new, or was lost --------------------------------------------------------------------

local FORMAT = 1

local function call_the_roll() -- returns how many others listen
  return redis.call('PUBLISH', limits.channel, cmsgpack.pack({kind = 'roll', generation = step.nonce})) - 1
end

local function load()
  local packed = redis.call('GET', STATE)
  if not packed or packed == '' then return nil end
  local state = cmsgpack.unpack(packed)
  if state.format ~= FORMAT then error('the ledger was written by another version of kentik-async') end
  if redis.call('STRLEN', LOG) ~= state.size * WIDTH then return nil end
  if not state.spent then forget_others(state) end -- written before there was any estimate of them
  return state
end

local function create()
  s = {
    format = FORMAT, rules = limits.rules, generation = step.nonce, run = step.run, born = clock,
    shift = 0, now = 0, lost = false, kept = false, issued = clock, births = 0,
    processes = {}, queue = {}, draining = {}, told = '', told_at = 0,
    epoch = 0, frozen = false, probing = false, till = 0, streak = 0, answers = 0, latency = -1,
    gate = step.started + limits.quiet, roll = 0, heard = {[me] = true}, returned = {},
  }
  forget_others(s)
  write_all({}, limits.size)
  s.opening, s.roll = s.gate, call_the_roll()
  -- Who listens may know of a ledger that was lost. Until all have said that they do not, the worst holds.
  if s.roll > 0 then s.gate = math.max(s.gate, clock + limits.quiet) end
end

local function replaced() -- the state outlived its server, perhaps without its last changes
  s.generation, s.run, s.born, s.lost, s.kept = step.nonce, step.run, now, true, true
  s.heard, s.roll, s.returned = {[me] = true}, 0, {}
  s.gate = math.max(s.gate, now + limits.quiet)
  call_the_roll()
end

local function put_back(back)
  -- A new ledger may be by another machine's clock; in one that was kept, the instants are its own.
  local shift = s.kept and 0 or now - back.now
  local all, known = read_all(), {}
  for _, item in ipairs(all) do known[item[1]] = true end
  for _, used in ipairs(back.stamps) do
    local stamp = math.min(used + shift, now)
    if not known[stamp] then all[#all + 1] = {stamp, 0} end
  end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  write_all(all, s.size)
  mine.holds = {}
  for _, hold in ipairs(back.holds) do
    take_out(s.draining, hold[1])
    table.insert(mine.holds, {id = hold[1], at = math.min(hold[2] + shift, now), epoch = s.epoch})
  end
  for _, ending in ipairs(back.draining) do
    local till = ending[2] + shift
    take_out(s.draining, ending[1])
    if till > now then drain({id = ending[1], epoch = s.epoch}, till - limits.drain) end
  end
  if back.frozen > 0 then
    s.frozen, s.epoch, s.till = true, s.epoch + 1, math.max(s.till, now + back.frozen)
  end
  s.returned[me] = true
  s.lost, s.gate = true, math.max(s.gate, s.born + limits.quiet)
  return shift
end

local SLACK = 250000 -- microseconds that a step may take on its way: no clock was set for as little

-- The step ---------------------------------------------------------------------------------------------

s = load()
if step.look then
  if not s then return {cmsgpack.pack({known = false}), ''} end
  local holds, waiting = {}, {}
  now = math.max(clock + s.shift, s.now)
  local eases = eases_at()
  for name, process in pairs(s.processes) do
    for _, hold in ipairs(process.holds) do table.insert(holds, hold.at) end
    if name ~= me then table.insert(waiting, process.want) end
  end
  return {cmsgpack.pack({
    known = true, now = now, others = others(), hold = s.hold, used = s.used, size = s.size, gate = s.gate,
    holds = holds, draining = s.draining, waiting = waiting, courteous = courteous(), latency = s.latency,
    frozen = s.frozen, probing = s.probing, till = s.till, eases = eases < math.huge and eases or 0,
  }), s.size > 0 and redis.call('GET', LOG) or ''}
end

-- A server that may not write says so here, at the first write, before anyone was told of a grant.
redis.call('APPEND', STATE, '')

local back = step.back
if not s then
  if step.generation ~= '' and not back then return cmsgpack.pack({lost = true, generation = ''}) end
  create()
end
now = clock + s.shift
-- A clock that was set forward would bring tokens back early; who was here before knows how late it can be.
local known = step.at_most > 0 and step.generation == s.generation and step.run == s.run
if known and now > step.at_most + SLACK then
  local latest = math.min(math.max(step.at_most, s.now + 1), now)
  s.shift, now = s.shift + latest - now, latest
end
if now <= s.now then
  s.shift = s.shift + s.now + 1 - now
  now = s.now + 1
end
s.now = now
if s.run ~= step.run then replaced() end
if limits.size > s.size then write_all(read_all(), limits.size) end

local reply
if step.generation ~= '' and step.generation ~= s.generation and not back then
  reply = {lost = true, generation = s.generation}
else
  age()
  mine = s.processes[me]
  if not mine then
    s.births = s.births + 1
    mine = {birth = s.births, holds = {}, want = 0}
    s.processes[me] = mine
  end
  mine.lease, mine.pacing = now + limits.lease, limits.pacing
  local shift = 0
  if back and step.generation ~= s.generation and not s.returned[me] then shift = put_back(back) end
  if s.roll > 0 and step.roll == s.generation and not s.heard[me] then
    s.heard[me] = true
    s.roll = s.roll - 1
    if s.roll == 0 and not s.lost then s.gate = s.opening end
  end
  local stamps = {}
  for place, ending in ipairs(step.endings) do stamps[place] = finish(unpack(ending)) end
  if step.leave then
    -- It has ended all that it knew of: what is left are grants that it has not heard of, and never used.
    while mine.holds[1] do finish(mine.holds[1].id, 'not_sent', -1, -1, 0) end
    want(me, 0)
  else
    -- Grants that are on their way to it count as wants fulfilled.
    want(me, step.want - math.max(#mine.holds - (mine.birth == step.birth and step.open or 0), 0))
  end
  local again = pump()
  reply = {
    lost = false, generation = s.generation, now = now, mark = s.issued, birth = mine.birth,
    want = mine.want, shift = shift, stamps = stamps, grants = {}, again = -1, frozen = 0,
    gate = math.max(s.gate - now, 0), calling = s.roll > 0 and not s.lost, entered = false,
    differs = s.rules ~= limits.rules,
  }
  s.rules = limits.rules
  if s.frozen then reply.frozen = math.max(s.till - now, 1) end
  for _, hold in ipairs(mine.holds) do
    if hold.id > step.mark then table.insert(reply.grants, {hold.id, hold.at}) end
  end
  if mine.want > 0 then -- who holds now may die: the end of his lease is an instant to look again
    for name, process in pairs(s.processes) do
      if name ~= me and #process.holds > 0 then again = math.min(again, process.lease) end
    end
    if again < math.huge then reply.again = math.max(math.ceil(again - now), 0) end
  end
  reply.entered = #mine.holds > 0 or mine.want > 0
  if not reply.entered then s.processes[me] = nil end
end
redis.call('SET', STATE, cmsgpack.pack(s), 'PX', limits.keep)
if s.size > 0 then redis.call('PEXPIRE', LOG, limits.keep) end
return cmsgpack.pack(reply)
