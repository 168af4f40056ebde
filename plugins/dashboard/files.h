/* SPDX-License-Identifier: MIT */
/* The files of the page, as embed puts them into the plugin. */
#ifndef DASHBOARD_FILES_H
#define DASHBOARD_FILES_H

#include <stddef.h>

extern const unsigned char dashboard_page_html[], dashboard_style_css[],
    dashboard_figures_js[], dashboard_charts_js[], dashboard_page_js[],
    dashboard_source_js[], dashboard_icon_svg[];
extern const size_t dashboard_page_html_size, dashboard_style_css_size,
    dashboard_figures_js_size, dashboard_charts_js_size, dashboard_page_js_size,
    dashboard_source_js_size, dashboard_icon_svg_size;

#endif
