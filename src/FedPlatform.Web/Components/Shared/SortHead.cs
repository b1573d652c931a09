using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Shared;

/// <summary>The head of a column that sorts: a button, with the direction said and shown.</summary>
public static class SortHead
{
    public static RenderFragment Make(object receiver, string key, string title, string sort, Action<string> choose) => builder =>
    {
        bool up = sort == key, down = sort == "-" + key;
        builder.OpenElement(0, "button");
        builder.AddAttribute(1, "type", "button");
        builder.AddAttribute(2, "class", "sort");
        builder.AddAttribute(3, "aria-label", $"Sort by {title}" + (up ? ", ascending now" : down ? ", descending now" : ""));
        builder.AddAttribute(4, "onclick", EventCallback.Factory.Create(receiver, () => choose(down ? key : "-" + key)));
        builder.AddContent(5, title);
        builder.AddContent(6, up ? " ↑" : down ? " ↓" : "");
        builder.CloseElement();
    };
}
