// The users that are connected to an instance are a set of its own, so that all that an instance wrote goes at once
// when it is gone.

const isElsewhere = `
local function is_elsewhere(instances, own, user, prefix)
  for _, instance in ipairs(redis.call('ZRANGE', instances, 0, -1)) do
    if instance ~= own and redis.call('SISMEMBER', prefix .. instance, user) == 1 then return 1 end
  end
  return 0
end
`;

/** KEYS: instances, own users. ARGV: own id, prefix of users' keys, user. Whether the user is on another instance. */
export const ENTER = `${isElsewhere}
redis.call('SADD', KEYS[2], ARGV[3])
return is_elsewhere(KEYS[1], ARGV[1], ARGV[3], ARGV[2])
`;

/** The same, for one who leaves. */
export const LEAVE = `${isElsewhere}
redis.call('SREM', KEYS[2], ARGV[3])
return is_elsewhere(KEYS[1], ARGV[1], ARGV[3], ARGV[2])
`;

/** KEYS: instances. ARGV: prefix of users' keys, users. Those that are on some instance. */
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
 * KEYS: instances, own users. ARGV: own id, prefix of users' keys, seconds to be taken for gone after, seconds to keep
 * users for. Notes that this instance lives, and takes the users of those that do not. Whether this one was unknown,
 * because it is new or was taken for gone, and these users.
 */
export const BEAT = `
local now = tonumber(redis.call('TIME')[1])
local gone = {}
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])) do
  redis.call('ZREM', KEYS[1], instance)
  for _, user in ipairs(redis.call('SMEMBERS', ARGV[2] .. instance)) do gone[#gone + 1] = user end
  redis.call('DEL', ARGV[2] .. instance)
end
local is_unknown = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return { is_unknown, gone }
`;

/** KEYS: a counter. ARGV: seconds of a window. What is used up, and milliseconds until the window is over. */
export const CONSUME = `
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return { used, redis.call('PTTL', KEYS[1]) }
`;
