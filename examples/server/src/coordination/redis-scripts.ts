// Each instance has its own set of connected users, so that one command removes all of them when the instance stops
// responding.

const isElsewhere = `
local function is_elsewhere(instances, own, user, prefix)
  for _, instance in ipairs(redis.call('ZRANGE', instances, 0, -1)) do
    if instance ~= own and redis.call('SISMEMBER', prefix .. instance, user) == 1 then return 1 end
  end
  return 0
end
`;

/**
 * KEYS: instances, own users. ARGV: own id, prefix of users' keys, user, seconds to keep the own users. Returns 1 if the user is
 * on another instance.
 */
export const ENTER = `${isElsewhere}
redis.call('SADD', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return is_elsewhere(KEYS[1], ARGV[1], ARGV[3], ARGV[2])
`;

/** Like ENTER, but removes the user from the own set. */
export const LEAVE = `${isElsewhere}
redis.call('SREM', KEYS[2], ARGV[3])
return is_elsewhere(KEYS[1], ARGV[1], ARGV[3], ARGV[2])
`;

/** KEYS: instances. ARGV: prefix of users' keys, users. Returns the users that are on any instance. */
export const PRESENT = `
local found = {}
for _, instance in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  for at = 2, #ARGV do
    if redis.call('SISMEMBER', ARGV[1] .. instance, ARGV[at]) == 1 then found[ARGV[at]] = true end
  end
end
local users = {}
for user in pairs(found) do users[#users + 1] = user end
return users
`;

/**
 * KEYS: instances, own users. ARGV: own id, prefix of users' keys, seconds without a heartbeat after which an instance is
 * removed, seconds to keep the own users and the instances. Records a heartbeat and removes expired instances. Returns whether this instance
 * was unknown (new or removed), and the users of the removed instances.
 */
export const BEAT = `
local now = tonumber(redis.call('TIME')[1])
local absent = {}
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])) do
  redis.call('ZREM', KEYS[1], instance)
  for _, user in ipairs(redis.call('SMEMBERS', ARGV[2] .. instance)) do absent[#absent + 1] = user end
  redis.call('DEL', ARGV[2] .. instance)
end
local is_unknown = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return { is_unknown, absent }
`;

/**
 * KEYS: a counter. ARGV: window in seconds. Returns the used points and the milliseconds until the window ends. Redis expires
 * keys by the system clock: if that was set back, the remaining window is too long, and the script restarts it.
 */
export const CONSUME = `
local used = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > ARGV[1] * 1000 then
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  left = ARGV[1] * 1000
end
return { used, left }
`;

/**
 * KEYS: buckets. ARGV: points earned per second, maximum points, and the spent points of each bucket. Returns the points left
 * in each bucket, which may be negative.
 */
export const SPEND = `
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local capacity = tonumber(ARGV[2])
local all = {}
for index, key in ipairs(KEYS) do
  local bucket = redis.call('HMGET', key, 'left', 'at')
  local left = tonumber(bucket[1] or capacity)
  local passed = math.max(0, now - tonumber(bucket[2] or now))
  left = math.min(capacity, left + passed * ARGV[1]) - ARGV[index + 2]
  redis.call('HSET', key, 'left', left, 'at', string.format('%.3f', now))
  redis.call('EXPIRE', key, 60)
  all[index] = tostring(left)
end
return all
`;

/** KEYS: a counter. Takes back one used point. */
export const RESTORE = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
return 0
`;
