-- Others outside who spend the same quota: what answers tell of them, as congestion.py decides it.
--
-- Middle part of the script, between redis_ledger.lua and redis_step.lua. See congestion.py for the law and
-- for what the words mean; its estimate stands in the state as spent, since, patience, hold, late and said.

local MOST_PATIENT, EASING, KEPT, ALWAYS_OURS, LATE_IN_A_ROW = 2, 1 / 4, 1 / 2, 2, 3
local PROMPT, LATE, TOO_LATE = 0.25, 0.75, 1.5

local function forget_others(state)
  state.spent, state.since, state.patience, state.hold, state.late, state.said = 0, 0, 0, 0, 0, 0
end

local function steps()
  local waited = (now - s.since) / limits.minute - 2 ^ s.patience
  if waited < 0 then return 0 end
  return math.floor(math.min(waited / EASING, 64)) + 1
end

local function others()
  if s.spent == 0 then return 0 end
  return math.max(s.spent + 1 - 2 ^ steps(), 0)
end

local function eases_at()
  if others() == 0 then return math.huge end
  return s.since + limits.minute * (2 ^ s.patience + steps() * EASING)
end

local function at_most()
  return math.max(math.max(limits.hard, limits.soft) - ALWAYS_OURS, 0)
end

local function believe(found)
  local in_vain = others() < s.spent and s.spent <= found
  s.patience = in_vain and math.min(s.patience + 1, MOST_PATIENT) or 0
  s.spent, s.since = found, now
end

-- Our own requests in the minute when one was granted that has just been taken out of those in flight.
local function load_at(at)
  local low, high = 0, math.min(s.used, s.size)
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if (entry(middle)) + limits.minute > now then low = middle else high = middle - 1 end
  end
  local count = low + #s.draining + 1
  for _, process in pairs(s.processes) do
    for _, hold in ipairs(process.holds) do
      if hold.at <= at then count = count + 1 end
    end
  end
  return count
end

local function congest_refused(load)
  if limits.hard == 0 then return end
  local believed = others()
  local top = math.min(limits.hard - math.floor((limits.hard - believed) * KEPT), at_most())
  believe(math.min(math.max(limits.hard + 1 - load, believed + 1), top))
end

local function congest_answered(at)
  local soft, delay, usual = limits.soft, limits.soft_delay, s.latency
  local excess = now - at - usual
  if usual < 0 or not (s.spent > 0 or s.late > 0 or excess >= LATE * delay) then return end
  local load = load_at(now)
  if soft == 0 or delay == 0 or load > soft then return end
  local unexplained = load + others() <= soft
  if excess < LATE * delay or excess > TOO_LATE * delay then
    s.late = 0
    if excess < PROMPT * delay and not unexplained and now - s.said >= limits.minute then
      s.spent, s.since, s.patience = soft - load, now, 0
    end
  elseif unexplained then
    s.late = s.late + 1
    if s.late >= LATE_IN_A_ROW or others() < s.spent then believe(math.min(soft + 1 - load, at_most())) end
  end
end

local function congest_told(load, left, reset)
  if left == 0 then s.hold = math.max(s.hold, now + math.min(reset, limits.hour)) end
  if limits.hard == 0 or reset > limits.minute then return end
  s.said = now
  local found = math.min(math.max(limits.hard - load - left, 0), at_most())
  local change = found - others()
  if change > 0 or change <= -math.max(limits.slots, 1) then
    s.spent, s.since, s.patience = found, now, 0
  end
end
