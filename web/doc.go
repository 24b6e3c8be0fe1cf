// Package web shows the archive over HTTP: read-only pages for people, made by
// package report from the saved queries, and beside them whatever handlers it
// is given for health and metrics.
//
// # What a request goes through
//
// Every answer has the headers that forbid a page all it does not need. Then
// the method is looked at (GET and HEAD, nothing else on any path), the Host
// header (a page of somebody else's whose name suddenly points here is not
// answered), and who asks. Only then is a path looked at. None of them is ever
// the path of a file: pages come from queries, two assets from the binary.
//
// A page is one consistent state of the archive, read in one transaction that
// blocks no writer. It is written whole or not at all; a file of rows streams,
// and is cut off when something goes wrong on the way. Both have a time after
// which the query is given up, and so does one whose client has left.
package web
