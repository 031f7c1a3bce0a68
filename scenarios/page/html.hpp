#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace caesura {

/// `text` as HTML that shows just these characters, in an element or in a quoted attribute.
std::string escaped_html(std::string_view text);

/// JSON for a script element of a data type: ASCII, without `<`, `>` and `&`, so that no content of
/// it can end the element or mean anything to the HTML parser. Bytes that are not UTF-8 become
/// U+FFFD.
std::string json_for_script(const nlohmann::ordered_json& data);

/// The whole page that shows page_data(): one file with everything in it, which asks the network
/// for nothing, and by its content security policy may not.
std::string html_page(const nlohmann::ordered_json& data);

}  // namespace caesura
