-- How requests end: what is learned of latencies, what a refusal does, from when tokens age.
--
-- Third part of the script, after redis_congestion.lua; it decides what pace.py and freeze.py do.

local function learn(sent, others_then)
  local took, usual, delay = now - sent, s.latency, math.huge
  if limits.soft > 0 then
    local spare, delayed = limits.soft - others_then, s.late > 0
    if spare > 0 and s.used >= spare then
      local _, soft_sent = entry(spare)
      delayed = delayed or soft_sent + limits.minute > sent
    end
    if delayed or spare <= 0 then delay = limits.soft_delay end
  end
  if usual < 0 then
    s.latency = took >= delay and took - delay or took
    return
  end
  if took >= delay and took - delay / 2 > usual then
    took = took - delay
  elseif s.answers < 3 and 8 * took < usual then
    s.latency, s.answers = took, 0
    return
  end
  if usual > 0 then took = math.min(took, 4 * usual) end
  s.answers = s.answers + 1
  s.latency = usual + (took - usual) / math.min(s.answers + 1, 16)
end

local function freeze(epoch, pause) -- returns whether the refusal is news
  if epoch ~= s.epoch then return false end
  if pause < 0 then pause = math.min(limits.minute / 4 * 2 ^ s.streak, limits.minute) end
  s.streak = math.min(s.streak + 1, 16)
  s.epoch = s.epoch + 1
  s.frozen, s.probing, s.till = true, false, now + math.floor(pause)
  return true
end

local function thaw(epoch)
  if epoch == s.epoch and s.frozen then s.frozen, s.probing, s.streak = false, false, 0 end
end

local function take_out(list, id)
  for place, item in ipairs(list) do
    if item.id == id then return table.remove(list, place) end
  end
end

-- Returns when the token ages from; 0 if none does, or if the request is no longer known: then it was
-- entered before, by a step whose reply got lost, or when its drain ended.
local function finish(id, outcome, pause, left, reset)
  local hold = take_out(mine.holds, id)
  local late = not hold and take_out(s.draining, id)
  if not (hold or late) then return 0 end
  local epoch, at = (hold or late).epoch, hold and hold.at or now
  if outcome == 'unknown' then
    drain(hold or late, now)
    return now + limits.drain
  end
  if outcome == 'not_sent' then
    if epoch == s.epoch then s.probing = false end
    return 0
  end
  local others_then = others()
  if left >= 0 then congest_told(load_at(at), left, reset) end
  if outcome == 'refused' then
    local load = load_at(at)
    if freeze(epoch, pause) then congest_refused(load) end
    return use(now, now - at)
  end
  if hold then
    congest_answered(at)
    learn(at, others_then)
  end
  thaw(epoch)
  return use(now, now - at)
end
