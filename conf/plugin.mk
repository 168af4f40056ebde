# For makefiles of plugins.  This is all of the makefile of hello.c, hello.cc or
# hello.cpp, in a folder that "gruvid-plugin new hello" makes:
#
#     GRUVID_PLUGIN = hello
#     include $(shell pkg-config --variable=makefile gruvid)
#
# It has the targets all, check, run, watch, install, compile_commands.json and
# clean.  Without GRUVID_PLUGIN it has only rules: hello.so is made of hello.c,
# and "make install-hello" puts it into the folder of plugins, also of a gruvid
# that runs: a reload takes it.

PKG_CONFIG ?= pkg-config
GRUVID_PLUGINDIR ?= $(shell $(PKG_CONFIG) --variable=plugindir gruvid)
GRUVID_CFLAGS := -fPIC $(shell $(PKG_CONFIG) --cflags gruvid)
GRUVID_LIBS := -Wl,-z,defs $(shell $(PKG_CONFIG) --libs gruvid)

# Without it all builds of a plugin share the static variables of inline
# functions and of templates.  clang never lets them, and has no such option.
GRUVID_CXXFLAGS := $(GRUVID_CFLAGS) $(shell $(CXX) -fno-gnu-unique -x c++ \
    -fsyntax-only /dev/null 2> /dev/null && echo -fno-gnu-unique)

GRUVID_LINK = -shared $(LDFLAGS) -o $@ $< $(GRUVID_LIBS) $(LDLIBS)

# Files that are included: an edit of one makes the plugin anew.
GRUVID_DEPENDS = $(if $(GRUVID_PLUGIN),-MMD -MP -MF .$*.d -MT $@)

%.so: %.c
	$(CC) $(GRUVID_DEPENDS) $(GRUVID_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(GRUVID_LINK)
%.so: %.cc
	$(CXX) $(GRUVID_DEPENDS) $(GRUVID_CXXFLAGS) $(CPPFLAGS) $(CXXFLAGS) $(GRUVID_LINK)
%.so: %.cpp
	$(CXX) $(GRUVID_DEPENDS) $(GRUVID_CXXFLAGS) $(CPPFLAGS) $(CXXFLAGS) $(GRUVID_LINK)

# By a rename: gruvid may run the file that is there.
install-%: %.so
	mkdir -p "$(DESTDIR)$(GRUVID_PLUGINDIR)"
	cp $< "$(DESTDIR)$(GRUVID_PLUGINDIR)/.$<.new"
	chmod 755 "$(DESTDIR)$(GRUVID_PLUGINDIR)/.$<.new"
	mv "$(DESTDIR)$(GRUVID_PLUGINDIR)/.$<.new" \
	    "$(DESTDIR)$(GRUVID_PLUGINDIR)/$<"

# --- a folder for one plugin --------------------------------------------------

ifdef GRUVID_PLUGIN

# The script that gruvid-test plays, and a test in C, with libcheck; nothing:
# there is none.  GRUVID_TEST_OPTIONS are those of gruvid-test, as "-o file=/dev/null",
# for an option that the plugin requires, or --sweep.
GRUVID_TEST ?= $(wildcard $(GRUVID_PLUGIN).test)
GRUVID_CHECK = $(basename $(wildcard check_$(GRUVID_PLUGIN).c))

.DEFAULT_GOAL := all
all: $(GRUVID_PLUGIN).so
-include .$(GRUVID_PLUGIN).d .check_$(GRUVID_PLUGIN).d

check: all $(GRUVID_CHECK)
	gruvid-plugin check ./$(GRUVID_PLUGIN).so
	$(if $(GRUVID_TEST),gruvid-test $(GRUVID_TEST_OPTIONS) \
	    ./$(GRUVID_PLUGIN).so $(GRUVID_TEST))
	$(if $(GRUVID_CHECK),./$(GRUVID_CHECK))

check_%: check_%.c
	$(CC) -MMD -MP -MF .$@.d -MT $@ $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< \
	    $(shell $(PKG_CONFIG) --cflags --libs gruvid-test check) $(LDLIBS)

run watch:
	gruvid-plugin watch --make '$(MAKE)' ./$(GRUVID_PLUGIN).so

install: install-$(GRUVID_PLUGIN)

clean:
	rm -f $(GRUVID_PLUGIN).so .$(GRUVID_PLUGIN).d compile_commands.json \
	    $(GRUVID_CHECK) .check_$(GRUVID_PLUGIN).d

# For clangd and its like.  The blank keeps a Makefile's own command out of it.
GRUVID_SOURCE = $(firstword $(wildcard $(addprefix $(GRUVID_PLUGIN).,c cc cpp)))
GRUVID_COMPILE = $(if $(filter %.c,$(GRUVID_SOURCE)),$(CC) $(GRUVID_CFLAGS) \
    $(CPPFLAGS) $(CFLAGS),$(CXX) $(GRUVID_CXXFLAGS) $(CPPFLAGS) $(CXXFLAGS))

compile_commands.json:
	@printf '%s\n' '$(CURDIR)' '$(GRUVID_SOURCE)' \
	    '$(subst ','\'',$(GRUVID_COMPILE)) -c $(GRUVID_SOURCE)' | \
	    sed 's/["\\]/\\&/g' | { \
	    IFS= read -r folder; IFS= read -r file; IFS= read -r command; \
	    printf '[{"directory": "%s",\n  "file": "%s",\n  "command": "%s"}]\n' \
	        "$$folder" "$$file" "$$command"; } > $@.new && mv $@.new $@

.PHONY: all check run watch install clean compile_commands.json

endif
