# The manual: mdoc pages, one a header, program and file.  A page that is only
# another name of one (.so) is listed like any other.
