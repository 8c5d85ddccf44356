# A file as a function that returns its text: cmake -DINPUT= -DOUTPUT= -DHEADER= -DFUNCTION= [-DNAMESPACE=sandbox] -P embed_text.cmake
if(NOT NAMESPACE)
  set(NAMESPACE sandbox)
endif()
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace sallyport::${NAMESPACE} {

std::string_view ${FUNCTION}() { return R\"embedded(${text})embedded\"; }

}  // namespace sallyport::${NAMESPACE}
")
