// What a unit test includes first: Catch2, whose CHECK and REQUIRE are the tests' own, in place of the core's CHECK.
#pragma once

#include <sluice/base/check.h>
#undef CHECK
#include <catch2/catch.hpp>
