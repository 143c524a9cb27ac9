# docs/reference/lua.md names what the running `ngx` has: no more, no less.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;
use Test::Sluice::Process qw(slurp);
use Test::Sluice::Server;

# What belongs to a request is no key of the table: it is asked for by name.
my @computed = qw(ngx.ctx ngx.status ngx.headers_sent ngx.is_subrequest);

my $server = Test::Sluice::Server->new(http_config => 'lua_shared_dict one 1m;', config => '
    location /names { content_by_lua_block {
        local function list(prefix, table)
            for name, value in pairs(table) do
                local inner = type(value) == "table" and next(value) ~= nil and prefix == "ngx." and name ~= "shared"
                if inner then list("ngx." .. name .. ".", value) else ngx.say(prefix, name) end
            end
        end
        list("ngx.", ngx)
        for name in pairs(getmetatable(ngx.shared.one).__index) do ngx.say("DICT:", name) end
        for _, name in ipairs { "balancer", "base64", "errlog", "process", "re", "req", "resp" } do
            for field in pairs(require("ngx." .. name)) do
                if field ~= "version" then ngx.say("ngx.", name, " ", field) end
            end
        end
        for _, name in ipairs { "' . join('", "', map { s/^ngx\.//r } @computed) . '" } do
            if ngx[name] ~= nil then ngx.say("ngx.", name) end
        end
    } }')->start;
my %there = map { $_ => 1 } split /\n/, $server->get('/names')->body;
$server->stop;

my $page = slurp(abs_path(dirname(__FILE__) . '/..') . '/docs/reference/lua.md');
my %documented;
$documented{$1} = 1 while $page =~ /`((?:ngx\.|DICT:)[\w.]+)/g;
for my $module ($page =~ /^(- `require "ngx\.\w+"`: .*(?:\n  .*)*)/mg) {
    my ($name) = $module =~ /"(ngx\.\w+)"/;
    $documented{"$name $1"} = 1 while $module =~ /`(\w+)`/g;
}
is_deeply [grep { !$documented{$_} } sort keys %there], [], 'everything that is there is documented';
is_deeply [grep { !$there{$_} } sort keys %documented], [], 'everything that is documented is there';
done_testing;
