#include "lua_state.h"

#include <cstdlib>
#include <ctime>

#include <sluice/base/clock.h>

#include "lib_time.h"

using namespace sluice;
using sluice::test::LuaState;

TEST_CASE("ngx.time and ngx.now are the cached clock until update_time", "[lua]") {
  LuaState lua(install_time);
  Clock::of_thread().set_for_test(1000, 1'700'000'000'123);
  lua.run(R"lua(
    is("1700000000", ngx.time())
    assert(ngx.now() == 1700000000.123)
    is("'2023-11-14 22:13:20'", ngx.utctime())
    ngx.update_time()
    assert(ngx.time() > 1700000000 and ngx.now() - ngx.time() < 1)
    assert(#ngx.today() == 10 and #ngx.localtime() == 19)
    assert(ngx.localtime():sub(1, 10) == ngx.today())
  )lua");
}

TEST_CASE("ngx.cookie_time and http_time write nginx's forms", "[lua]") {
  LuaState lua(install_time);
  lua.run(R"lua(
    is("'Thu, 18-Nov-10 11:27:35 GMT'", ngx.cookie_time(1290079655))
    is("'Tue, 28-Sep-2038 06:00:00 GMT'", ngx.cookie_time(2169266400))
    is("'Thu, 18 Nov 2010 11:27:35 GMT'", ngx.http_time(1290079655))
    is("'Thu, 01 Jan 1970 00:00:00 GMT'", ngx.http_time(0))
    raises("number argument only", ngx.http_time, "x")
    raises("number argument only", ngx.cookie_time)
    raises("time out of range", ngx.http_time, 1/0)
  )lua");
}

TEST_CASE("ngx.parse_http_time reads the three forms of RFC 9110 and nothing else", "[lua]") {
  LuaState lua(install_time);
  lua.run(R"lua(
    is("1290079655", ngx.parse_http_time("Thu, 18 Nov 2010 11:27:35 GMT"))
    is("1290079655", ngx.parse_http_time("Thursday, 18-Nov-10 11:27:35 GMT"))
    is("1290079655", ngx.parse_http_time("Thu Nov 18 11:27:35 2010"))
    is("784111777", ngx.parse_http_time("Sun Nov  6 08:49:37 1994"))
    is("951782400", ngx.parse_http_time("Tue, 29 Feb 2000 00:00:00 GMT"))
    for _, bad in ipairs{"", "x", "Thu, 18 Foo 2010 11:27:35 GMT", "Thu, 32 Nov 2010 11:27:35 GMT", "Thu, 18 Nov 2010 24:00:00 GMT",
                         "Mon, 29 Feb 2010 00:00:00 GMT", "Thu, 18 Nov 2010", "Thu, 1 Nov 2010 11:27:35 GMT", "Thu, 18 Nov 20"} do
      is("nil", ngx.parse_http_time(bad))
    end
    raises("string argument only", ngx.parse_http_time, 5)
  )lua");
}
