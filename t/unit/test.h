// What a unit test includes first: Catch2, whose CHECK and REQUIRE are the tests' own, in place of the core's CHECK. The core's headers come
// before it, so that their inline functions keep the core's.
#pragma once

#include <sluice/sluice.h>
#undef CHECK
#include <catch2/catch.hpp>
