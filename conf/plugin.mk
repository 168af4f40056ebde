# For makefiles of plugins:
#
#     include $(shell pkg-config --variable=makefile gruvid)
#     all: hello.so
#
# makes hello.so of hello.c, hello.cc or hello.cpp.  "make install-hello" puts it
# into the folder of plugins, also of a gruvid that runs: a reload takes it.

PKG_CONFIG ?= pkg-config
GRUVID_PLUGINDIR ?= $(shell $(PKG_CONFIG) --variable=plugindir gruvid)
GRUVID_CFLAGS := -fPIC $(shell $(PKG_CONFIG) --cflags gruvid)
GRUVID_LIBS := -Wl,-z,defs $(shell $(PKG_CONFIG) --libs gruvid)

# Without it all builds of a plugin share the static variables of inline
# functions and of templates.  clang never lets them, and has no such option.
GRUVID_CXXFLAGS := $(GRUVID_CFLAGS) $(shell $(CXX) -fno-gnu-unique -x c++ \
    -fsyntax-only /dev/null 2> /dev/null && echo -fno-gnu-unique)

GRUVID_LINK = -shared $(LDFLAGS) -o $@ $< $(GRUVID_LIBS) $(LDLIBS)

%.so: %.c
	$(CC) $(GRUVID_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(GRUVID_LINK)
%.so: %.cc
	$(CXX) $(GRUVID_CXXFLAGS) $(CPPFLAGS) $(CXXFLAGS) $(GRUVID_LINK)
%.so: %.cpp
	$(CXX) $(GRUVID_CXXFLAGS) $(CPPFLAGS) $(CXXFLAGS) $(GRUVID_LINK)

# By a rename: gruvid may run the file that is there.
install-%: %.so
	mkdir -p "$(DESTDIR)$(GRUVID_PLUGINDIR)"
	cp $< "$(DESTDIR)$(GRUVID_PLUGINDIR)/.$<.new"
	chmod 755 "$(DESTDIR)$(GRUVID_PLUGINDIR)/.$<.new"
	mv "$(DESTDIR)$(GRUVID_PLUGINDIR)/.$<.new" \
	    "$(DESTDIR)$(GRUVID_PLUGINDIR)/$<"
