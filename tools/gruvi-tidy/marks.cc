/* SPDX-License-Identifier: MIT */
/* Marks, and the calls in a body that may switch. */
#include "tidy.h"

namespace gruvi {

bool
has_prefix(llvm::StringRef text, llvm::StringRef prefix)
{
    return text.substr(0, prefix.size()) == prefix;
}

static bool
has_annotation(const Decl *decl, llvm::StringRef text)
{
    if (decl == nullptr)
        return false;
    for (const auto *attr : decl->specific_attrs<AnnotateAttr>())
        if (attr->getAnnotation() == text)
            return true;
    return false;
}

/* A later declaration inherits the marks of those before it. */
bool
is_marked(const Decl *decl)
{
    return decl != nullptr &&
           (has_annotation(decl, "gruvi_switchpoint") ||
            has_annotation(decl->getMostRecentDecl(), "gruvi_switchpoint"));
}

bool
is_shared(const Decl *decl)
{
    return decl != nullptr &&
           (has_annotation(decl, "gruvi_shared") ||
            has_annotation(decl->getMostRecentDecl(), "gruvi_shared"));
}

static QualType
element_of(QualType type)
{
    while (!type.isNull() && type->getAsArrayTypeUnsafe() != nullptr)
        type = type->getAsArrayTypeUnsafe()->getElementType();
    return type;
}

bool
is_function_pointer(QualType type)
{
    type = element_of(type);
    if (type.isNull())
        return false;
    return type->isFunctionPointerType() || type->isFunctionType() ||
           (type->isReferenceType() &&
            type->getPointeeType()->isFunctionType());
}

bool
is_marked_type(QualType type)
{
    type = element_of(type);
    while (!type.isNull()) {
        const auto *alias = type->getAs<TypedefType>();
        if (alias == nullptr) {
            /* A pointer to a type of functions. */
            if (!type->isPointerType() && !type->isReferenceType())
                return false;
            type = type->getPointeeType();
            continue;
        }
        if (is_marked(alias->getDecl()))
            return true;
        type = element_of(alias->getDecl()->getUnderlyingType());
    }
    return false;
}

bool
is_marked_pointer(const ValueDecl *decl)
{
    return is_marked(decl) || is_marked_type(decl->getType());
}

std::string
called(const CallExpr *call)
{
    const FunctionDecl *callee = call->getDirectCallee();

    if (callee == nullptr || !callee->getDeclName().isIdentifier() ||
        !callee->getDeclContext()->getRedeclContext()->isFileContext() ||
        callee->getStorageClass() == SC_Static)
        return "";
    return callee->getName().str();
}

const ValueDecl *
named(const Expr *e)
{
    if (e == nullptr)
        return nullptr;
    e = e->IgnoreParenCasts();
    if (const auto *ref = dyn_cast<DeclRefExpr>(e))
        return ref->getDecl();
    if (const auto *member = dyn_cast<MemberExpr>(e))
        return member->getMemberDecl();
    if (const auto *op = dyn_cast<UnaryOperator>(e))
        if (op->getOpcode() == UO_Deref || op->getOpcode() == UO_AddrOf)
            return named(op->getSubExpr());
    if (const auto *index = dyn_cast<ArraySubscriptExpr>(e))
        return named(index->getBase());
    return nullptr;
}

const VarDecl *
root_of(const Expr *e)
{
    e = e->IgnoreParenCasts();
    if (const auto *ref = dyn_cast<DeclRefExpr>(e))
        return dyn_cast<VarDecl>(ref->getDecl());
    if (const auto *member = dyn_cast<MemberExpr>(e))
        return member->isArrow() ? nullptr : root_of(member->getBase());
    if (const auto *index = dyn_cast<ArraySubscriptExpr>(e)) {
        const Expr *base = index->getBase()->IgnoreParenImpCasts();
        return base->getType()->isArrayType() ? root_of(base) : nullptr;
    }
    return nullptr;
}

void
walk(const Stmt *stmt, const std::function<bool(const Stmt *)> &fn)
{
    if (stmt == nullptr || isa<UnaryExprOrTypeTraitExpr>(stmt) ||
        isa<CXXNoexceptExpr>(stmt) || isa<CXXTypeidExpr>(stmt))
        return;
    if (!fn(stmt))
        return;
    if (const auto *lambda = dyn_cast<LambdaExpr>(stmt)) {
        for (const Expr *init : lambda->capture_inits())
            walk(init, fn);
        return;
    }
    if (isa<BlockExpr>(stmt))
        return;
    for (const Stmt *child : stmt->children())
        walk(child, fn);
}

/* --- what switches -------------------------------------------------------- */

bool
registers_cleanup(const Stmt *body)
{
    bool found = false;

    walk(body, [&](const Stmt *stmt) {
        const auto *call = dyn_cast<CallExpr>(stmt);
        if (call != nullptr && called(call) == "gruvi_switch_back_add_cleanup")
            found = true;
        return !found;
    });
    return found;
}

static bool
may_switch(const FunctionDecl *function, bool cleanups)
{
    if (is_marked(function))
        return true;
    return cleanups && function->getDeclName().isIdentifier() &&
           function->getName() == "gruvi_switch_back_exit";
}

/* What a variable does when its scope is left. */
static const FunctionDecl *
ends_by(const VarDecl *var)
{
    if (const auto *attr = var->getAttr<CleanupAttr>())
        return attr->getFunctionDecl();
    if (!var->hasLocalStorage() || var->getType()->isDependentType())
        return nullptr;
    if (const CXXRecordDecl *record = var->getType()->getAsCXXRecordDecl())
        return record->hasDefinition() ? record->getDestructor() : nullptr;
    return nullptr;
}

static bool
call_switches(const CallExpr *call, bool cleanups, std::string *name)
{
    if (const FunctionDecl *callee = call->getDirectCallee()) {
        *name = callee->getNameAsString();
        return may_switch(callee, cleanups);
    }
    const Expr *callee = call->getCallee();
    const ValueDecl *pointer = named(callee);
    if (pointer != nullptr) {
        *name = pointer->getNameAsString();
        return !isa<FunctionDecl>(pointer) && is_marked_pointer(pointer);
    }
    *name = "a pointer";
    return is_marked_type(callee->IgnoreParenImpCasts()->getType());
}

bool
switches_itself(const Stmt *stmt, bool cleanups, Switch *found)
{
    if (const auto *call = dyn_cast<CallExpr>(stmt)) {
        if (!call_switches(call, cleanups, &found->name))
            return false;
        found->at = call->getBeginLoc();
        found->stmt = call;
        found->discardable = !call->getType()->isVoidType();
        return true;
    }
    if (const auto *construct = dyn_cast<CXXConstructExpr>(stmt)) {
        if (!is_marked(construct->getConstructor()))
            return false;
        found->name = construct->getConstructor()->getNameAsString();
        found->at = construct->getLocation();
        found->stmt = stmt;
        found->discardable = false;
        return true;
    }
    const auto *declarations = dyn_cast<DeclStmt>(stmt);
    if (declarations == nullptr)
        return false;
    for (const Decl *decl : declarations->decls()) {
        const auto *var = dyn_cast<VarDecl>(decl);
        const FunctionDecl *end = var == nullptr ? nullptr : ends_by(var);
        if (end != nullptr && may_switch(end, cleanups)) {
            found->name = end->getNameAsString();
            found->at = var->getLocation();
            found->stmt = stmt;
            found->discardable = false;
            return true;
        }
    }
    return false;
}

std::vector<Switch>
switches_in(const Stmt *stmt, bool cleanups)
{
    std::vector<Switch> all;

    walk(stmt, [&](const Stmt *below) {
        Switch one;
        if (switches_itself(below, cleanups, &one))
            all.push_back(one);
        return true;
    });
    return all;
}

} /* namespace gruvi */
