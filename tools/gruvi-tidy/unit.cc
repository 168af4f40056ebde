/* SPDX-License-Identifier: MIT */
/* The functions of a file, and where their addresses go. */
#include "tidy.h"

#include <clang/AST/RecursiveASTVisitor.h>

namespace gruvi {

const FunctionDecl *
one(const FunctionDecl *function)
{
    if (function == nullptr)
        return nullptr;
    const FunctionDecl *definition = function->getDefinition();
    return definition != nullptr ? definition : function->getCanonicalDecl();
}

std::set<const FunctionDecl *>
Unit::into(std::set<Sink> sinks) const
{
    std::set<const FunctionDecl *> all;

    for (const Flow &flow : flows)
        if (flow.function != nullptr && sinks.count(flow.sink) != 0)
            all.insert(one(flow.function));
    return all;
}

namespace {

/* What is to be known of where a pointer goes to. */
struct Place {
    Sink sink;
    const char *what;
    bool in_hub;
};

/* What begins or ends a thread, or a fiber, is called by no code. */
const std::set<std::string> thread_starters = {
    "pthread_create",      "thrd_create",        "uv_thread_create",
    "uv_thread_create_ex", "pthread_key_create", "tss_create",
    "gruvi__context_make"};

/* These call at once, for whoever calls, and say nothing of switches. */
const std::set<std::string> neutral = {"gruvi__guard"};

const std::set<std::string> hub_callbacks = {
    "gruvi_hub_run_callback", "gruvi_poll_add", "gruvi_signal_set_callback"};

bool
has_type_named(QualType type, llvm::StringRef name)
{
    const auto *alias = type->getAs<TypedefType>();

    return alias != nullptr && alias->getDecl()->getName() == name;
}

class Collector : public RecursiveASTVisitor<Collector> {
  public:
    Collector(ASTContext &context, Unit *unit) : context(context), unit(unit) {}

    bool shouldVisitImplicitCode() const { return false; }

    bool TraverseDecl(Decl *decl)
    {
        if (decl != nullptr && !isa<TranslationUnitDecl>(decl) &&
            !isa<LinkageSpecDecl>(decl) &&
            context.getSourceManager().isInSystemHeader(decl->getLocation()))
            return true;
        return RecursiveASTVisitor::TraverseDecl(decl);
    }

    bool VisitFunctionDecl(FunctionDecl *function)
    {
        if (function->doesThisDeclarationHaveABody() &&
            !function->isDependentContext())
            unit->functions.push_back(function);
        return true;
    }

    bool VisitVarDecl(VarDecl *var)
    {
        if (const Expr *init = var->getInit()) {
            keep_fiber_pool(var, init);
            if (is_function_pointer(var->getType()) &&
                !isa<InitListExpr>(init->IgnoreParenImpCasts()))
                flow(init, place_of(var));
        }
        return true;
    }

    bool VisitBinaryOperator(BinaryOperator *op)
    {
        if (op->getOpcode() != BO_Assign)
            return true;
        if (const ValueDecl *to = named(op->getLHS())) {
            keep_fiber_pool(to, op->getRHS());
            if (is_function_pointer(op->getLHS()->getType()))
                flow(op->getRHS(), place_of(to));
        }
        return true;
    }

    bool TraverseInitListExpr(InitListExpr *list)
    {
        if (list->isSyntacticForm() && list->getSemanticForm() != nullptr)
            list = list->getSemanticForm();
        values_of(list);
        for (Expr *init : list->inits())
            if (init != nullptr)
                TraverseStmt(init);
        return true;
    }

    bool VisitCallExpr(CallExpr *call)
    {
        arguments(call, call->getDirectCallee(), call->getArgs(),
                  call->getNumArgs());
        return true;
    }

    bool VisitCXXConstructExpr(CXXConstructExpr *construct)
    {
        arguments(nullptr, construct->getConstructor(), construct->getArgs(),
                  construct->getNumArgs());
        return true;
    }

    bool TraverseFunctionDecl(FunctionDecl *function)
    {
        return inside(function, [&] {
            return RecursiveASTVisitor::TraverseFunctionDecl(function);
        });
    }

    bool TraverseCXXMethodDecl(CXXMethodDecl *function)
    {
        return inside(function, [&] {
            return RecursiveASTVisitor::TraverseCXXMethodDecl(function);
        });
    }

    bool TraverseLambdaExpr(LambdaExpr *lambda)
    {
        unit->functions.push_back(lambda->getCallOperator());
        return inside(lambda->getCallOperator(), [&] {
            return RecursiveASTVisitor::TraverseLambdaExpr(lambda);
        });
    }

    bool VisitReturnStmt(ReturnStmt *stmt)
    {
        if (current == nullptr || stmt->getRetValue() == nullptr ||
            !is_function_pointer(current->getReturnType()))
            return true;
        flow(stmt->getRetValue(), by_mark(is_marked_type(current->getReturnType())));
        return true;
    }

    /* Pools of fibers are known when all was seen. */
    void finish()
    {
        for (const auto &late : works)
            if (fiber_pools.count(late.second) != 0)
                unit->flows[late.first].sink = Sink::fibers;
    }

  private:
    ASTContext &context;
    Unit *unit;
    const FunctionDecl *current = nullptr;
    std::set<const ValueDecl *> fiber_pools;
    std::vector<std::pair<size_t, const ValueDecl *>> works;

    template <typename F>
    bool inside(const FunctionDecl *function, F fn)
    {
        const FunctionDecl *outer = current;
        bool ok;

        current = function;
        ok = fn();
        current = outer;
        return ok;
    }

    static Place by_mark(bool marked)
    {
        return {marked ? Sink::marked : Sink::plain, "", false};
    }

    static Place place_of(const ValueDecl *to)
    {
        if (is_marked_pointer(to))
            return by_mark(true);
        if (has_type_named(to->getType(), "gruvi_work_fn"))
            return {Sink::work, "", false};
        const auto *field = dyn_cast<FieldDecl>(to);
        if (field == nullptr)
            return by_mark(false);
        llvm::StringRef name = field->getName();
        llvm::StringRef record = field->getParent()->getName();
        if (record.empty() && field->getParent()->getTypedefNameForAnonDecl())
            record = field->getParent()->getTypedefNameForAnonDecl()->getName();
        if (name == "sa_handler" || name == "sa_sigaction")
            return {Sink::no_switch, "a signal handler", false};
        if (has_prefix(record, "gruvid_") || has_prefix(record, "gruvi_"))
            return {Sink::no_switch, "a callback that must not switch", false};
        if (has_prefix(record, "uv_"))
            return {Sink::no_switch, "a libuv callback", true};
        return by_mark(false);
    }

    static Place place_of(const std::string &callee, const ParmVarDecl *to)
    {
        bool ours = has_prefix(callee, "gruvi_") || has_prefix(callee, "gruvid_");

        if (is_marked_pointer(to))
            return by_mark(true);
        if (has_type_named(to->getType(), "gruvi_work_fn"))
            return {Sink::work, "", false};
        if (thread_starters.count(callee) != 0)
            return {Sink::thread, "", false};
        if (callee == "uv_queue_work" && to->getFunctionScopeIndex() == 2)
            return {Sink::no_switch, "work of libuv's threads", false};
        if (has_prefix(callee, "uv_"))
            return {Sink::no_switch, "a libuv callback", true};
        if (callee == "signal" || callee == "sigset")
            return {Sink::no_switch, "a signal handler", false};
        if (callee == "gruvi_future_add_done_callback")
            return {Sink::no_switch, "a done callback", true};
        if (hub_callbacks.count(callee) != 0)
            return {Sink::no_switch, "a hub callback", true};
        if (ours)
            return {Sink::no_switch, "a callback that must not switch", false};
        return by_mark(false);
    }

    void arguments(const CallExpr *call, const FunctionDecl *callee,
                   const Expr *const *args, unsigned n)
    {
        std::string name;

        if (callee == nullptr)
            return;
        if (callee->getDeclName().isIdentifier())
            name = callee->getName().str();
        if (neutral.count(name) != 0)
            return;
        unsigned first = objects(call);
        for (unsigned i = first; i < n; i++) {
            if (i - first >= callee->getNumParams())
                break;
            const ParmVarDecl *to = callee->getParamDecl(i - first);
            if (!is_function_pointer(to->getType()))
                continue;
            size_t before = unit->flows.size();
            Place place = place_of(name, to);
            flow(args[i], place);
            if (place.sink != Sink::work || n == 0)
                continue;
            if (is_fiber_pool(args[0]))
                for (size_t k = before; k < unit->flows.size(); k++)
                    unit->flows[k].sink = Sink::fibers;
            else if (const ValueDecl *pool = named(args[0]))
                for (size_t k = before; k < unit->flows.size(); k++)
                    works.push_back({k, pool});
        }
    }

    /* A method that is an operator has its object as the first argument. */
    static unsigned objects(const CallExpr *call)
    {
        const auto *op = dyn_cast_or_null<CXXOperatorCallExpr>(call);

        return op != nullptr && isa<CXXMethodDecl>(op->getDirectCallee());
    }

    static bool is_fiber_pool(const Expr *e)
    {
        const auto *call = dyn_cast<CallExpr>(e->IgnoreParenCasts());

        return call != nullptr && called(call) == "gruvi_fiber_pool_new";
    }

    void keep_fiber_pool(const ValueDecl *to, const Expr *from)
    {
        if (is_fiber_pool(from))
            fiber_pools.insert(to);
    }

    void values_of(const InitListExpr *list)
    {
        if (const RecordDecl *record = list->getType()->getAsRecordDecl()) {
            if (record->isUnion()) {
                const FieldDecl *field = list->getInitializedFieldInUnion();
                if (field != nullptr && list->getNumInits() > 0 &&
                    is_function_pointer(field->getType()))
                    flow(list->getInit(0), place_of(field));
                return;
            }
            unsigned i = 0;
            if (const auto *cxx = dyn_cast<CXXRecordDecl>(record))
                i = cxx->hasDefinition() ? cxx->getNumBases() : 0;
            for (const FieldDecl *field : record->fields()) {
                if (field->isBitField() && !field->getDeclName())
                    continue;
                if (i >= list->getNumInits())
                    break;
                const Expr *init = list->getInit(i++);
                if (init != nullptr && is_function_pointer(field->getType()) &&
                    !field->getType()->isArrayType())
                    flow(init, place_of(field));
            }
            return;
        }
        const ArrayType *array = list->getType()->getAsArrayTypeUnsafe();
        if (array == nullptr || !is_function_pointer(array->getElementType()))
            return;
        bool marked = is_marked_type(array->getElementType());
        for (const Expr *init : list->inits())
            if (init != nullptr)
                flow(init, by_mark(marked));
    }

    void flow(const Expr *from, const Place &place)
    {
        Flow flow = {nullptr, nullptr, false,         from,
                     place.sink, place.what, place.in_hub};

        from = from->IgnoreParenCasts();
        if (const auto *choice = dyn_cast<AbstractConditionalOperator>(from)) {
            this->flow(choice->getTrueExpr(), place);
            this->flow(choice->getFalseExpr(), place);
            return;
        }
        if (const auto *op = dyn_cast<UnaryOperator>(from))
            if (op->getOpcode() == UO_AddrOf || op->getOpcode() == UO_Deref ||
                op->getOpcode() == UO_Plus)
                return this->flow(op->getSubExpr(), place);
        flow.from = from;
        if (const CXXMethodDecl *lambda = lambda_of(from)) {
            flow.function = lambda;
            flow.marked = is_marked(lambda);
        } else if (const auto *call = dyn_cast<CallExpr>(from)) {
            flow.marked = is_marked_type(call->getType());
        } else if (const ValueDecl *value = named(from)) {
            flow.function = dyn_cast<FunctionDecl>(value);
            if (flow.function == nullptr)
                flow.pointer = value;
            flow.marked = flow.function != nullptr ? is_marked(value)
                                                   : is_marked_pointer(value);
        } else {
            return;
        }
        unit->flows.push_back(flow);
    }

    /* A lambda that becomes a pointer. */
    static const CXXMethodDecl *lambda_of(const Expr *e)
    {
        const auto *convert = dyn_cast<CXXMemberCallExpr>(e);

        if (convert == nullptr ||
            !isa<CXXConversionDecl>(convert->getMethodDecl()))
            return nullptr;
        const CXXRecordDecl *record = convert->getRecordDecl();
        return record->isLambda() ? record->getLambdaCallOperator() : nullptr;
    }
};

} /* namespace */

Unit
look_at(ASTContext &context)
{
    Unit unit;
    Collector collector(context, &unit);

    collector.TraverseDecl(context.getTranslationUnitDecl());
    collector.finish();
    return unit;
}

} /* namespace gruvi */
