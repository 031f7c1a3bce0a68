module github.com/muxi-ai/muxi-go

go 1.19
