/* SPDX-License-Identifier: MIT */
/*
 * What the checks of gruvi-tidy share.
 *
 * Each file is judged by itself.  What is known of functions that are defined
 * elsewhere is their mark, GRUVI_SWITCHPOINT, which clang keeps as an annotation;
 * what is known of a pointer to functions is the mark of its declaration or of
 * its type.
 *
 *   marks.cc   marks, and the calls in a body that may switch
 *   unit.cc    the functions of a file, and where their addresses go
 *   NAME.cc    the check gruvi-NAME
 *
 * It is built for clang 14 and 19, so only what both have is used.
 */
#ifndef GRUVI_TIDY_H
#define GRUVI_TIDY_H

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <clang-tidy/ClangTidyCheck.h>
#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/StmtCXX.h>
#include <clang/ASTMatchers/ASTMatchFinder.h>
#include <clang/Lex/Lexer.h>

namespace gruvi {

using namespace clang;
using tidy::ClangTidyContext;
using Result = ast_matchers::MatchFinder::MatchResult;

/* --- marks ---------------------------------------------------------------- */

bool has_prefix(llvm::StringRef text, llvm::StringRef prefix);

/* Whether a declaration has GRUVI_SWITCHPOINT or GRUVI_SHARED. */
bool is_marked(const Decl *decl);
bool is_shared(const Decl *decl);

/* Whether a type is, or points to, functions. */
bool is_function_pointer(QualType type);

/* Whether the type of a pointer, or its element's, was declared with the mark;
 * the same for a variable, a member or an argument, by itself or its type. */
bool is_marked_type(QualType type);
bool is_marked_pointer(const ValueDecl *decl);

/* The name of a plain function of C that a call calls; "" for all others. */
std::string called(const CallExpr *call);

/* The variable, member or argument that an expression names; or NULL. */
const ValueDecl *named(const Expr *e);

/* Whether an expression names the variable or a part of it, in its own memory:
 * x, x.y, x[1] of an array. */
const VarDecl *root_of(const Expr *e);

/* Calls fn for each statement below one, in order; not for what is not evaluated
 * or belongs to another function.  Where fn returns false, not below that. */
void walk(const Stmt *stmt, const std::function<bool(const Stmt *)> &fn);

/* --- what switches -------------------------------------------------------- */

struct Switch {
    SourceLocation at;
    std::string name;
    const Stmt *stmt; /* a call, or the DeclStmt of a variable with a cleanup */
    bool discardable; /* a call with a result */
};

/* Whether a body registers a cleanup of a switch back: only then does the exit
 * of one switch. */
bool registers_cleanup(const Stmt *body);

/* The switchpoint that a statement itself is, without what is below it. */
bool switches_itself(const Stmt *stmt, bool cleanups, Switch *found);

/* All in a statement. */
std::vector<Switch> switches_in(const Stmt *stmt, bool cleanups);

/* --- a file --------------------------------------------------------------- */

/* Where the address of a function goes. */
enum class Sink {
    plain,     /* a pointer without the mark */
    marked,    /* a pointer with it: a fiber, a handler */
    no_switch, /* a callback, and what kind of one */
    thread,    /* the beginning of a thread */
    work,      /* work of threads */
    fibers     /* work of fibers */
};

struct Flow {
    const FunctionDecl *function; /* that is known; or NULL */
    const ValueDecl *pointer;     /* that is copied; or NULL */
    bool marked;                  /* the source is */
    const Expr *from;
    Sink sink;
    const char *what; /* "a libuv callback", where it must not switch */
    bool in_hub;      /* it runs in the hub's thread */
};

struct Unit {
    std::vector<const FunctionDecl *> functions; /* with bodies */
    std::vector<Flow> flows;
    std::set<const FunctionDecl *> into(std::set<Sink> sinks) const;
};

Unit look_at(ASTContext &context);

/* The definition, if it is in this file, or else the function as declared first:
 * to compare functions by. */
const FunctionDecl *one(const FunctionDecl *function);

/* --- checks --------------------------------------------------------------- */

/* A check that looks at a whole file. */
class Check : public tidy::ClangTidyCheck {
  public:
    using tidy::ClangTidyCheck::ClangTidyCheck;
    void registerMatchers(ast_matchers::MatchFinder *finder) override;
    void check(const Result &result) override;

  protected:
    virtual void look(ASTContext &context, const Unit &unit) = 0;
};

#define GRUVI_CHECK(name)                                                      \
    class name : public Check {                                                \
      public:                                                                  \
        using Check::Check;                                                    \
                                                                               \
      protected:                                                               \
        void look(ASTContext &context, const Unit &unit) override;             \
    }

GRUVI_CHECK(Unmarked);
GRUVI_CHECK(NoSwitch);
GRUVI_CHECK(Pointer);
GRUVI_CHECK(Blocking);
GRUVI_CHECK(Stale);
GRUVI_CHECK(Ignored);
GRUVI_CHECK(Escape);
GRUVI_CHECK(Catch);

} /* namespace gruvi */

#endif
