# Reloads: new code at once, dictionaries stay, what runs goes on; a bad configuration changes nothing.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;
use Test::Sluice::Process qw(wait_until);

sub http {
    return <<'END';
    lua_shared_dict kept 1m;
    init_by_lua_block { if not ngx.shared.kept:get("made") then ngx.shared.kept:set("made", 1) end ngx.shared.kept:incr("builds", 1, 0) }
END
}

sub config {
    my ($word) = @_;
    return <<"END";
    location /word { content_by_lua_block { ngx.say("$word") } }
    location /set { content_by_lua_block { ngx.say((ngx.shared.kept:incr("hits", 1, 0))) } }
    location /builds { content_by_lua_block { ngx.say(ngx.shared.kept:get("builds")) } }
    location /timer { content_by_lua_block {
        ngx.timer.at(3600, function(premature) ngx.shared.kept:set("early", tostring(premature)) end)
        ngx.say("ok")
    } }
    location /early { content_by_lua_block { ngx.say(tostring(ngx.shared.kept:get("early"))) } }
END
}

my $server = Test::Sluice::Server->new(workers => 2, http_config => http(), config => config('one'));
$server->start;
is $server->get('/word')->body, "one\n", 'the first code';
is $server->get('/set')->body, "1\n", 'a dictionary counts';
is $server->get('/builds')->body, "1\n", 'init_by_lua of one process alone wrote';
is $server->get('/timer')->body, "ok\n", 'a timer waits';

my $kept = $server->connection;
is $kept->request(GET => '/word')->body, "one\n", 'a connection stays open';

$server->write_config(config => config('two'));
is $server->reload, 0, 'reload';
ok wait_until(sub { $server->get('/word')->body eq "two\n" }), 'the second code';
is $kept->request(GET => '/word')->body, "two\n", 'on the connection too';
is $server->get('/set')->body, "2\n", 'the dictionary kept its contents';
is $server->get('/builds')->body, "2\n", 'one write per reload';
ok wait_until(sub { $server->get('/early')->body eq "true\n" }), 'the timer of the old configuration ran early';

# A function that runs when its configuration is replaced ends in its own time, and only then its configuration is gone.
sub slow_config {
    my ($word) = @_;
    return config($word) . <<"END";
    location /slow { content_by_lua_block {
        local watch, kept = newproxy(true), ngx.shared.kept
        getmetatable(watch).__gc = function() kept:set("freed", "$word") end
        ngx.timer.at(0, function()
            while not ngx.shared.kept:get("go") do ngx.sleep(0.01) end
            ngx.timer.at(0, function() ngx.sleep(0.02) ngx.shared.kept:set("finished", "$word " .. type(watch)) end)
        end)
        package.loaded.watch = watch
        ngx.say("ok")
    } }
    location /go { content_by_lua_block { ngx.shared.kept:set("go", true) ngx.say("ok") } }
    location /freed { content_by_lua_block { ngx.say(tostring(ngx.shared.kept:get("freed"))) } }
    location /finished { content_by_lua_block { ngx.say(tostring(ngx.shared.kept:get("finished"))) } }
END
}
$server->write_config(config => slow_config('three'));
is $server->reload, 0, 'a third configuration';
ok wait_until(sub { $server->get('/word')->body eq "three\n" && $kept->request(GET => '/word')->body eq "three\n" }), 'is there';
is $server->get('/slow')->body, "ok\n", 'a function of it runs';
$server->write_config(config => slow_config('four'));
is $server->reload, 0, 'a fourth configuration';
ok wait_until(sub { $server->get('/word')->body eq "four\n" && $kept->request(GET => '/word')->body eq "four\n" }), 'is there';
is $server->get('/freed')->body, "nil\n", 'the third lives while its function runs';
is $server->get('/go')->body, "ok\n", 'the function may end';
ok wait_until(sub { $server->get('/finished')->body eq "three userdata\n" }), 'it did its work, and so did the timer it started';
ok wait_until(sub { $server->get('/freed')->body eq "three\n" }), 'then the third configuration is freed';

$server->write_config(config => config('two'));
is $server->reload, 0, 'the second again';
ok wait_until(sub { $server->get('/word')->body eq "two\n" }), 'it is there';

$server->write_config(config => config('") = = ("'));
isnt $server->reload, 0, 'a syntax error is refused';
like $server->reload_output, qr/failed to load inlined Lua code/, 'and said';
is $server->get('/word')->body, "two\n", 'and changes nothing';
is $kept->request(GET => '/word')->body, "two\n", 'not even on an open connection';

$server->write_config(config => config('two'), main_config => 'reload_timeout 1s;', http_config => "init_by_lua_block { while true do end }");
my $checked = $server->command('-t');
is $checked->{status}, 1, 'code that does not end is refused';
like $checked->{stderr}, qr/did not finish within 1s while running init_by_lua\(\S+:\d+\)/, 'the message names the block';

$server->stop(allowed => [qr{failed to load inlined Lua code}, qr{loader did not finish}]);
done_testing;
