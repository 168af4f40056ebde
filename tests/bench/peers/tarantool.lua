-- SPDX-License-Identifier: MIT
-- What bench_fiber and bench_sync measure, with Tarantool.  It has fibers up to
-- half of vm.max_map_count, two mappings each.
local clock = require('clock')
local fiber = require('fiber')

local command, n, count = arg[1], tonumber(arg[2]), tonumber(arg[3])

local function report(figure, value)
    io.write(('%s=%.3f\n'):format(figure, value))
    io.flush()
end

local function now()
    return clock.monotonic() * 1e9
end

local function report_time(begin, operations)
    report('ns', (now() - begin) / operations)
end

local function spawn(fn)
    local new = fiber.new(fn)
    new:set_joinable(true)
    return new
end

local function batch(size, fn)
    local fibers = {}
    for i = 1, size do
        fibers[i] = spawn(fn)
    end
    for i = 1, size do
        fibers[i]:join()
    end
end

local function empty()
end

local bench = {}

-- Three calls deep; what Lua calls last it does not return to, hence the sums.
local function innermost()
    fiber.yield()
    return 1
end

local function middle()
    local result = innermost()
    return result < 0 and result or result + 1
end

local function outermost()
    local result = middle()
    return result < 0 and result or result + 1
end

bench['yield'] = function()
    local rounds = math.max(1, math.floor(count / n))
    local begin, last
    batch(n, function()
        outermost()
        outermost()
        begin = begin or now()
        for _ = 1, rounds do
            outermost()
        end
        last = now()
    end)
    report('ns', (last - begin) / (n * rounds))
end

bench['spawn'] = function()
    batch(1, empty)
    local begin = now()
    for _ = 1, count do
        spawn(empty):join()
    end
    report_time(begin, count)
end

bench['batch'] = function()
    local batches = math.max(1, math.floor(count / n))
    batch(n, empty)
    local begin = now()
    for _ = 1, batches do
        batch(n, empty)
    end
    report_time(begin, n * batches)
end

bench['cold'] = function()
    local begin = now()
    batch(n, empty)
    report_time(begin, n)
end

local function memory()
    local bytes = {}
    for line in io.lines('/proc/self/status') do
        local name, kb = line:match('^(Vm%a+):%s*(%d+) kB')
        if name then
            bytes[name] = tonumber(kb) * 1024
        end
    end
    return bytes
end

bench['park'] = function()
    local waiting, go_on, ended = 0, fiber.cond(), fiber.cond()
    local before, begin = memory(), clock.proc()
    for _ = 1, n do
        fiber.new(function()
            waiting = waiting + 1
            go_on:wait()
            waiting = waiting - 1
            if waiting == 0 then
                ended:signal()
            end
        end)
    end
    while waiting < n do
        fiber.yield()
    end
    report('create_ns', (clock.proc() - begin) * 1e9 / n)
    local after = memory()
    report('rss_bytes', (after.VmRSS - before.VmRSS) / n)
    report('page_table_bytes', (after.VmPTE - before.VmPTE) / n)
    report('address_space_bytes', (after.VmSize - before.VmSize) / n)
    begin = clock.proc()
    go_on:broadcast()
    ended:wait()
    report('finish_ns', (clock.proc() - begin) * 1e9 / n)
end

bench['sleep'] = function()
    local wakes, is_over = 0, false
    for _ = 1, n do
        fiber.new(function()
            while not is_over do
                fiber.sleep(math.random(10) * 1e-3)
                wakes = wakes + 1
            end
        end)
    end
    while wakes < n do
        fiber.sleep(1e-3)
    end
    wakes = 0
    local begin = clock.proc()
    fiber.sleep(count * 1e-3)
    report('wakes_per_cpu_s', wakes / (clock.proc() - begin))
    is_over = true
end

local function play(serve, answer)
    local begin = now()
    local server, client = spawn(serve), spawn(answer)
    server:join()
    client:join()
    report_time(begin, count)
end

-- A condition keeps nothing for who does not wait yet, hence the flags.
local function new_event()
    local cond, is_set = fiber.cond(), false
    local function set()
        is_set = true
        cond:signal()
    end
    local function take()
        while not is_set do
            cond:wait()
        end
        is_set = false
    end
    return set, take
end

bench['event'] = function()
    local set_ping, take_ping = new_event()
    local set_pong, take_pong = new_event()
    play(function()
        for _ = 1, count / 2 do
            set_ping()
            take_pong()
        end
    end, function()
        for _ = 1, count / 2 do
            take_ping()
            set_pong()
        end
    end)
end

bench['queue'] = function()
    local ping, pong = fiber.channel(128), fiber.channel(128)
    play(function()
        for i = 1, count / 2 do
            ping:put(i)
            pong:get()
        end
    end, function()
        for _ = 1, count / 2 do
            pong:put(ping:get())
        end
    end)
end

if not bench[command] or not n or not count then
    io.stderr:write('usage: tarantool COMMAND N COUNT\n')
    os.exit(2)
end
bench[command]()
os.exit(0)
