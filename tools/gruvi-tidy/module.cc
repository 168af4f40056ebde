/* SPDX-License-Identifier: MIT */
/* The module: what clang-tidy -load registers. */
#include "tidy.h"

#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>

namespace gruvi {

using namespace clang::ast_matchers;

void
Check::registerMatchers(MatchFinder *finder)
{
    finder->addMatcher(translationUnitDecl().bind("unit"), this);
}

void
Check::check(const Result &result)
{
    look(*result.Context, look_at(*result.Context));
}

class Module : public tidy::ClangTidyModule {
  public:
    void addCheckFactories(tidy::ClangTidyCheckFactories &factories) override
    {
        factories.registerCheck<Unmarked>("gruvi-unmarked");
        factories.registerCheck<NoSwitch>("gruvi-no-switch");
        factories.registerCheck<Pointer>("gruvi-pointer");
        factories.registerCheck<Blocking>("gruvi-blocking");
        factories.registerCheck<Stale>("gruvi-stale");
        factories.registerCheck<Ignored>("gruvi-ignored");
        factories.registerCheck<Escape>("gruvi-escape");
        factories.registerCheck<Catch>("gruvi-catch");
    }
};

static tidy::ClangTidyModuleRegistry::Add<Module>
    registered("gruvi-module", "mistakes of code with fibers");

} /* namespace gruvi */
